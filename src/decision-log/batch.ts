/** Lines that go out in one write, and the one promise that everyone who appended one of them waits for. */
export interface Batch {
  /** Somebody acts on the outcome: a batch that fails is dropped. One that nobody waits for is kept. */
  readonly awaited: boolean
  readonly done: Promise<void>
  records(): number
  /** Characters, not bytes: a measure of what is held in memory. */
  size(): number
  add(line: string): void
  /** What is still to be written. `onNewLine`: the destination is at the start of a line. */
  rest(onNewLine: boolean): Buffer
  /** @returns true when everything was written */
  wrote(bytes: number): boolean
  resolve(): void
  reject(reason: Error): void
}

export function createBatch(awaited: boolean): Batch {
  const { promise, resolve, reject } = deferred()
  let text = ''
  let records = 0
  let rest: Buffer | undefined

  return {
    awaited,
    done: promise,
    records: () => records,
    size: () => text.length,
    add(line) {
      text += line
      records += 1
    },
    rest(onNewLine) {
      // A line that was cut off is ended first, so that it spoils no other.
      rest ??= Buffer.from(onNewLine ? text : `\n${text}`)
      return rest
    },
    wrote(bytes) {
      rest = rest?.subarray(bytes)
      return rest?.length === 0
    },
    resolve,
    reject,
  }
}

function deferred(): {
  promise: Promise<void>
  resolve: () => void
  reject: (reason: Error) => void
} {
  let resolve = (): void => undefined
  let reject: (reason: Error) => void = () => undefined
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // An outcome line is not always awaited; its failure is reported once, by the writer.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
