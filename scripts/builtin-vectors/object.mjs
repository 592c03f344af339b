import { raw, wildValue } from './arguments.mjs'

const scalar = (random) =>
  random.pick([null, true, 0, 1, 2, raw('1.5'), raw('1e400'), 'a', 'b', ''])
const value = (random, depth = 0) =>
  random.pick([
    () => scalar(random),
    () => scalar(random),
    () => (depth > 3 ? 1 : random.list(4, () => value(random, depth + 1))),
    () => (depth > 3 ? 1 : new Set(random.list(4, () => value(random, depth + 1)))),
    () =>
      depth > 3
        ? 1
        : new Map(
            random.list(4, () => [
              random.once(5) ? value(random, 3) : random.pick(['a', 'b', 'c', 'd']),
              value(random, depth + 1),
            ]),
          ),
  ])()

/** Something like a part of it. */
function part(random, whole) {
  if (random.once(15)) return value(random, 2)
  if (Array.isArray(whole)) {
    const start = random.below(whole.length + 1)
    return whole.slice(start, start + random.below(whole.length + 1))
  }
  if (whole instanceof Set) return new Set([...whole].filter(() => !random.once(3)))
  if (whole instanceof Map)
    return new Map(
      [...whole].filter(() => !random.once(3)).map(([key, held]) => [key, part(random, held)]),
    )
  return whole
}

const composite = (random) => {
  for (;;) {
    const made = value(random)
    if (typeof made === 'object' && made !== null && !('rawNumber' in made)) return made
  }
}

const repeated = (random) =>
  Array.from({ length: random.between(0, 9) }, () => random.pick(['a', 'b']))

export const builtins = {
  'object.subset': {
    count: 600,
    args: (random) => {
      if (random.once(5)) return [repeated(random), repeated(random).slice(0, 4)]
      if (random.once(8))
        return [random.list(5, () => scalar(random)), new Set(random.list(3, () => scalar(random)))]
      const whole = composite(random)
      return [whole, random.once(8) ? wildValue(random) : part(random, whole)]
    },
    fixed: [
      [[1, 1], new Set([1, 2])],
      [[], new Set()],
      [[1], new Set()],
      [new Set(), []],
      [new Set([1]), [1]],
      [[], []],
      [[1], []],
      [[], [1]],
      [{}, {}],
      [{ a: [1, 2, 3] }, { a: [2, 3] }],
      [{ a: [1, 2] }, { a: new Set([1, 2]) }],
      [{ a: 1 }, { a: raw('1.0') }],
      [new Map([[1, 'x']]), new Map([[raw('1.0'), 'x']])],
      [[[1, 2]], [[1]]],
      [{ a: { b: 1 } }, { a: {} }],
      [{ a: null }, { b: null }],
      ['a', 'a'],
      [1, 1],
      [null, null],
    ],
  },
}
