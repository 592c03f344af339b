const words = [
  'a',
  'aa',
  'ab',
  'aba',
  'abab',
  'é',
  '日本',
  '😀',
  'a😀',
  '',
  ' ',
  'foo',
  'foobar',
  'bar',
  '.',
  '..',
  'A',
]

const word = (random) => (random.once(3) ? random.text(4, [...'ab.é😀']) : random.pick(words))

const text = (random) =>
  random.once(4) ? random.text(20) : random.text(12, ['a', 'b', 'ab', '.', 'é', '😀'])

const wordOrWords = (random) =>
  random.pick([
    () => text(random),
    () => random.list(4, () => word(random)),
    () => new Set(random.list(4, () => word(random))),
  ])()

export const builtins = {
  'strings.any_prefix_match': {
    count: 200,
    args: (random) => [wordOrWords(random), wordOrWords(random)],
  },
  'strings.any_suffix_match': {
    count: 200,
    args: (random) => [wordOrWords(random), wordOrWords(random)],
  },
  'strings.count': { count: 150, args: (random) => [text(random), word(random)] },
  'strings.split_n': {
    count: 200,
    args: (random) => [text(random), word(random), random.between(-5, 6)],
    fixed: [9223372036854775807n, -9223372036854775808n, 9223372036854775808n].map((n) => [
      'a.b',
      '.',
      n,
    ]),
  },
  indexof_n: { count: 150, args: (random) => [text(random), word(random)] },
}
