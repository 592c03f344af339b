import { raw } from './arguments.mjs'

const identifiers = [
  'alpha',
  'beta',
  '1',
  '01',
  '10',
  '2',
  'rc',
  '',
  'a-b',
  '-',
  '0',
  '00',
  'é',
  '99999999999999999999',
  '9223372036854775807',
  '1a',
  '001a',
  'ALPHA',
]

const number = (random) =>
  random.pick(
    [
      '0',
      '1',
      '2',
      '10',
      '3',
      '1',
      '01',
      '',
      '-1',
      '+1',
      '9223372036854775807',
      '9223372036854775808',
      'x',
      '1.2',
      '1_0',
    ].slice(0, random.once(3) ? 15 : 5),
  )

const version = (random) => {
  const list = () =>
    Array.from({ length: random.between(1, 3) }, () =>
      random.pick(identifiers.slice(0, random.once(3) ? 18 : 6)),
    ).join('.')
  return (
    random.pick(['', '', '', 'v', 'vv', 'V', ' '].slice(0, random.once(4) ? 7 : 4)) +
    [number(random), number(random), number(random)].join('.') +
    (random.once(2) ? '-' + list() : '') +
    (random.once(4) ? '+' + list() : '') +
    (random.once(20) ? '.1' : '')
  )
}

const close = (random) =>
  `1.0.0-${Array.from({ length: random.between(1, 3) }, () => random.pick(['a', 'b', '1', '2', '10', 'A', 'a1', '-'])).join('.')}`

const hexDigits = (random, count) =>
  Array.from({ length: count }, () => random.pick([...'0123456789abcdefABCDEF'])).join('')

const uuid = (random) => {
  const node = hexDigits(random, 12)
  const third =
    random.pick(['1', '1', '2', '2', '3', '4', '5', '6', '7', '0', 'f']) + hexDigits(random, 3)
  const fourth =
    random.pick(['8', '9', 'a', 'c', 'e', '0', 'f', 'D']) +
    (random.once(3) ? '0' + hexDigits(random, 2).slice(0, 2) : hexDigits(random, 3))
  const parts = [hexDigits(random, 8), hexDigits(random, 4), third, fourth.padEnd(4, '0'), node]
  const plain = parts.join('-')
  return random.pick([
    () => plain,
    () => plain,
    () => plain,
    () => `{${plain}}`,
    () => `urn:uuid:${plain}`,
    () => `URN:UUID:${plain}`,
    () => parts.join(''),
    () => `(${plain}]`,
    () => plain.slice(1),
    () => plain.replace('-', 'x'),
    () => `urn:xxxx:${plain}`,
    () => ` ${plain}`,
    () => plain.replace(/.$/, 'g'),
    () => plain.replace(/.$/, 'é'),
  ])()
}

const amount = (random) =>
  random.pick([
    '1',
    '0',
    '10',
    '1.5',
    '.5',
    '5.',
    '.',
    '',
    '-1',
    '+2',
    '1e3',
    '1E3',
    '1e-3',
    '1e',
    '1e+',
    '1.2.3',
    '100',
    '0.001',
    '12345678901234567890',
    '0.1',
    '0.33333333333',
    '1e20',
    '1e-20',
    '9.99999999999',
    '1e1234567',
    '1-1',
    '--1',
    '00012',
    '1e05',
    '3.14159',
    '123456789.987654321',
    '2.675',
  ])

const siUnit = (random) =>
  random.pick([
    '',
    '',
    'm',
    'k',
    'K',
    'ki',
    'Ki',
    'KI',
    'kI',
    'M',
    'mi',
    'Mi',
    'MI',
    'g',
    'G',
    'Gi',
    't',
    'T',
    'Ti',
    'p',
    'P',
    'Pi',
    'e',
    'E',
    'Ei',
    'eI',
    'x',
    'kb',
    ' k',
    '"k"',
    'é',
    'mİ',
    'K',
  ])

const byteUnit = (random) =>
  random.pick([
    '',
    '',
    'b',
    'k',
    'kb',
    'KB',
    'Kb',
    'ki',
    'kib',
    'KiB',
    'm',
    'mb',
    'mib',
    'g',
    'gb',
    'GiB',
    't',
    'tb',
    'tib',
    'p',
    'pb',
    'PiB',
    'e',
    'eb',
    'EiB',
    'E',
    'x',
    ' mb',
    '"mb"',
    'zb',
    'Kİ',
    'K',
  ])

export const builtins = {
  'semver.is_valid': {
    count: 250,
    args: (random) => [version(random)],
    fixed: [
      ['1.0'],
      ['1.0.0-'],
      ['1.0.0+'],
      ['1.0.0+a..b'],
      ['1.0.0-a+b+c'],
      ['1.0.0\n'],
      ['1.0.0-a\n'],
    ],
  },
  'semver.compare': {
    count: 400,
    args: (random) =>
      random.once(2) ? [close(random), close(random)] : [version(random), version(random)],
    fixed: [
      ['1.0.0', '1.0.0-a'],
      ['v1.0.0', '1.0.0'],
      ['1.0.0+a', '1.0.0+b'],
      ['1.0.0-99999999999999999999.a', '1.0.0-99999999999999999998.b'],
    ],
  },
  'uuid.parse': { count: 350, args: (random) => [uuid(random)] },
  'units.parse': { count: 500, args: (random) => [amount(random) + siUnit(random)] },
  'units.parse_bytes': {
    count: 500,
    args: (random) => [amount(random) + byteUnit(random)],
    fixed: [
      ['9007199254740993.5kb'],
      ['18446744073709551617'],
      ['0.3333333333333333333333mib'],
      ['1e25'],
      ['1.0000000000000000001ei'],
      ['-1.5'],
      ['-0.5'],
    ],
  },
  'numbers.range_step': {
    count: 200,
    wild: false,
    args: (random) => {
      const first = random.between(-30, 60)
      return random.once(3)
        ? [first, random.between(-1, 60), random.between(-1, 9)]
        : [
            first,
            random.between(-30, 60),
            random.pick([1, 2, 7, 0, -1, 100, raw('1.0'), raw('1.5'), 10000000000000000000n]),
          ]
    },
    fixed: [
      [raw('1.0'), 5, 2],
      [raw('1e1'), raw('2e1'), raw('5.0')],
      [2.5, 5, 1],
      [9223372036854775800n, 9223372036854775810n, 3],
      [123456789012345678901234567890n, 123456789012345678901234567880n, 4],
      ['1', 2, 3],
      [1, null, 3],
      [1, 2, [3]],
      [1, 1, 1],
      [5, 5, 0],
    ],
  },
}
