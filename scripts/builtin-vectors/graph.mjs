const names = ['a', 'b', 'c', 'd', 'e']
const node = (random) =>
  random.once(8) ? random.pick([1, null, ['a'], new Set(['b']), 'z', '']) : random.pick(names)
const ends = (random) => {
  const made = random.list(3, () => node(random))
  return random.pick([
    made,
    made,
    new Set(made),
    random.once(6) ? random.pick([null, 'a', 1, {}, { a: 1 }]) : made,
  ])
}
const graph = (random) => new Map(random.list(6, () => [node(random), ends(random)]))
const initial = (random) => {
  const made = random.list(3, () => node(random))
  return random.once(2) ? new Set(made) : made
}

export const builtins = {
  'graph.reachable_paths': {
    count: 400,
    args: (random) => [graph(random), initial(random)],
    fixed: [
      [{}, []],
      [{ a: [] }, ['a']],
      [{ a: null }, ['a']],
      [{ a: ['a'] }, ['a']],
      [{ a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
      [{ a: ['b', 'b'] }, ['a']],
      [Object.fromEntries(names.map((name) => [name, names])), names],
      [
        new Map([
          [1, [2]],
          [2, []],
        ]),
        [1],
      ],
      [{ a: [] }, 'a'],
      [[], ['a']],
      [{ a: ['x'], x: 1 }, ['a']],
    ],
  },
}
