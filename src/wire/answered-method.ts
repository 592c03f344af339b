/**
 * The method to whose request a client's bare result belongs by its members; undefined where it looks like none, or like
 * several. In the modern era answers come without the name of what they answer.
 */
export function answeredMethod(has: (member: string) => boolean): string | undefined {
  const methods = shapes.filter(([, marks]) => marks.every(has))
  const [only] = methods
  return methods.length === 1 ? only?.[0] : undefined
}

const shapes: readonly (readonly [method: string, marks: readonly string[]])[] = [
  ['elicitation/create', ['action']],
  ['roots/list', ['roots']],
  ['sampling/createMessage', ['role', 'content']],
]
