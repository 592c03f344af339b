import { GatewayError } from '../domain/errors.js'
import { type Child, type ChildListener, type ChildOptions, startChild } from './stdio-child.js'

/** The children of one upstream: whoever starts one, this ends it. */
export interface Children {
  /** @throws GatewayError `upstream_unavailable` once the upstream is closed */
  readonly start: (listener: ChildListener) => Child
  /** Ends all of them, and resolves when they are gone. */
  close(): Promise<void>
}

export function createChildren(options: ChildOptions): Children {
  const running = new Set<Child>()
  let isClosed = false

  const killAll = (): void => {
    for (const child of running) child.kill()
  }

  const add = (child: Child): void => {
    if (running.size === 0) watchExit(killAll)
    running.add(child)
    void child.gone.then(() => {
      running.delete(child)
      if (running.size === 0) unwatchExit(killAll)
    })
  }

  return {
    start(listener) {
      if (isClosed) {
        throw new GatewayError('upstream_unavailable', 'The gateway is stopping', {
          reached: 'nobody',
        })
      }
      const child = startChild(options, listener)
      add(child)
      return child
    },
    async close() {
      isClosed = true
      await Promise.all([...running].map((child) => child.end()))
    },
  }
}

// A process that dies of a fault of its own has no time for more. One listener an upstream is no leak.
function watchExit(listener: () => void): void {
  allowListeners(1)
  process.on('exit', listener)
}

function unwatchExit(listener: () => void): void {
  allowListeners(-1)
  process.off('exit', listener)
}

function allowListeners(more: number): void {
  const allowed = process.getMaxListeners()
  // 0 is no limit.
  if (allowed > 0) process.setMaxListeners(allowed + more)
}
