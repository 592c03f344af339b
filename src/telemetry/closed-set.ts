/** Every member of a closed set: one that is added does not compile until it is listed. */
export function keysOf<Name extends string>(set: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(set) as Name[]
}
