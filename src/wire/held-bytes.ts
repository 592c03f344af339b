/** Bytes that pile up until what they belong to is whole. */
export interface HeldBytes {
  readonly length: number
  add(bytes: Buffer): void
  /** Everything held and `last` in one piece; nothing is held afterwards. */
  takeWith(last: Buffer): Buffer
}

/** The store doubles, so that many small chunks cost no more than few large ones. */
export function createHeldBytes(): HeldBytes {
  let store = Buffer.alloc(0)
  let length = 0
  const add = (bytes: Buffer): void => {
    const needed = length + bytes.length
    if (needed > store.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * store.length))
      store.copy(larger, 0, 0, length)
      store = larger
    }
    bytes.copy(store, length)
    length = needed
  }
  return {
    get length() {
      return length
    },
    add,
    takeWith(last) {
      if (length === 0) return last
      add(last)
      const taken = store.subarray(0, length)
      store = Buffer.alloc(0)
      length = 0
      return taken
    },
  }
}
