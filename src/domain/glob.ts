/** Whether a text is one that the glob stands for. */
export type Fits = (text: string) => boolean

/** `*` stands for any characters, none included; everything else for itself. Takes linear time for each piece. */
export function createGlob(glob: string): Fits {
  const [first = '', ...rest] = glob.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === glob
  return (text) => {
    const end = text.length - last.length
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const piece of rest) {
      const found = text.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return at <= end
  }
}
