import { raw, wildValue } from './arguments.mjs'

const flags = [
  '',
  '',
  '',
  '+',
  '-',
  '#',
  ' ',
  '0',
  '+#',
  '-0',
  '# ',
  '+0',
  '0#',
  ' 0',
  '-+',
  '#+ -0',
]
const widths = ['', '', '', '5', '12', '0', '1', '*', '[1]*', '[2]*', '25', '[9]']
const precisions = [
  '',
  '',
  '',
  '.0',
  '.1',
  '.2',
  '.3',
  '.10',
  '.',
  '.*',
  '.[1]*',
  '.17',
  '.25',
  '.-1',
]
const indexes = [
  '',
  '',
  '',
  '',
  '',
  '[1]',
  '[2]',
  '[3]',
  '[0]',
  '[x]',
  '[',
  '[]',
  '[1',
  '[99999999999]',
]
const verbs = [...'vdsqxXobOeEfFgGtTcUpw%z!', 'é', '😀']

const numbers = [
  0,
  1,
  -1,
  5,
  42,
  -42,
  65,
  255,
  8364,
  128512,
  55296,
  1114112,
  1000001,
  -3,
  9007199254740993n,
  9223372036854775807n,
  -9223372036854775808n,
  9223372036854775808n,
  -123456789012345678901234567890n,
  2n ** 200n,
  raw('1.0'),
  raw('-0.0'),
  raw('0.0'),
  raw('1.5'),
  raw('-2.5'),
  raw('0.5'),
  raw('5.125'),
  raw('2.675'),
  raw('1e2'),
  raw('1e21'),
  raw('1e20'),
  raw('123456789.0'),
  raw('1234567.5'),
  raw('100000.0'),
  raw('999999.5'),
  raw('0.0001'),
  raw('0.00001234'),
  raw('1e-7'),
  raw('5e-324'),
  raw('1.7976931348623157e308'),
  raw('1e309'),
  raw('-1e400'),
  raw('1e-400'),
  raw('3.141592653589793238'),
  raw('0.1'),
  raw('1e100'),
  raw('123456.789e3'),
  raw('4.5e15'),
  raw('9.995'),
  raw('0.05'),
  raw('0.15'),
  raw('15.0'),
  raw('99.99'),
  raw('12345678901234567890.5'),
]

const texts = [
  '',
  'a',
  'hello',
  'héllo',
  '日本語',
  '😀x',
  'a"b',
  "it's",
  'back`tick',
  'tab\there',
  'nl\n',
  '\u0000\u0007\u001f\u007f\u0080\u00a0\u00ad\u200b\u2028\ufeff\ufffd',
  '\u{10ffff}\u{e000}',
  '\\',
  '%d',
  'e\u0301',
]

const operand = (random) =>
  random.pick([
    () => random.pick(numbers),
    () => random.pick(numbers),
    () => random.between(-3, 20),
    () => random.pick(texts),
    () => random.pick([true, false, null]),
    () => wildValue(random),
  ])()

const directive = (random) =>
  random.once(4)
    ? `%${random.pick(verbs)}`
    : `%${random.pick(flags)}${random.pick(indexes)}${random.pick(widths)}${random.pick(precisions)}${random.pick(indexes)}${random.pick(verbs)}`

// What has an address in its text differs from run to run.
const isStable = (format) => !format.includes('p')

function formatOf(random) {
  for (;;) {
    const format = Array.from(
      { length: random.between(1, 3) },
      () => random.text(2, [...'ab %']) + directive(random),
    ).join('')
    if (isStable(format))
      return format + random.pick(['', '', '', '%', '%%', 'x', '%5', '%.', '%-', '%[1]'])
  }
}

const simple = [...'vdsqxXobOeEfFgGtTcUz'].flatMap((verb) =>
  [
    '',
    '+',
    '#',
    '8',
    '-8',
    '08',
    ' ',
    '.3',
    '8.3',
    '+08.2',
    '#.0',
    '.0',
    '#x'.slice(0, 1) + '12',
  ].map((rest) => `%${rest}${verb}`),
)

const sample = [42, raw('2.5'), 'hé"\n', 2n ** 70n, [1, 'a', new Set([3, 'x', null, 2])]]

export const builtins = {
  sprintf: {
    count: 900,
    args: (random) => [formatOf(random), random.list(4, () => operand(random))],
    fixed: [
      ...simple.map((directive) => [sample.map(() => directive).join('|'), sample]),
      ...numbers.map((number) => [
        '%[1]v|%[1]d|%[1]s|%[1]x|%[1]g|%[1]e|%[1]f|%[1].3g|%#[1]g|%[1]10.2f|%[1]G|%[1]b|%#[1]v|%+[1]v|%[1]q',
        [number],
      ]),
      ...texts.flatMap((text) => [
        ['%[1]v|%[1]q|%+[1]q|%#[1]q|%[1]x|% [1]X|%#[1]x|%[1]s', [text]],
        ['%.2s|%8s|%-8s|%08s', [text, text, text, text]],
      ]),
      ['%[2]d %[1]d', [1, 2]],
      ['%[1]s %[1]s', ['a']],
      ['%10000010d|', [1]],
      ['%*d', [1000001, 1]],
      ['%.*f', [-1, raw('1.5')]],
      ['%-*d|', [-5, 3]],
      ['100%', []],
      ['%', []],
      ['%!', [1]],
      ['%s', new Set(['a'])],
      ['%s', { a: 1 }],
      ['none', [1, null, 'x', raw('1.5'), 2n ** 64n, []]],
      ['%v', [{ b: [1, { c: new Set() }], a: 'q"' }]],
      [
        '%v',
        [
          new Map([
            [1, 2],
            [null, new Set([[], {}])],
            [[1], raw('1.10')],
          ]),
        ],
      ],
      ['%w', [2n ** 128n + 5n]],
      ['%w', [-(2n ** 64n)]],
      ['%300.200f', [raw('1e-30')]],
      ['%.60f|%.60e|%.60g', [raw('0.1'), raw('0.1'), raw('0.1')]],
    ],
  },
}
