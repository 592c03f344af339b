import { raw } from './arguments.mjs'

const named = [
  'ANSIC',
  'UnixDate',
  'RubyDate',
  'RFC822',
  'RFC822Z',
  'RFC850',
  'RFC1123',
  'RFC1123Z',
  'RFC3339',
  'RFC3339Nano',
]

const elements = [
  'January',
  'Jan',
  '1',
  '01',
  'Monday',
  'Mon',
  '2',
  '_2',
  '02',
  '__2',
  '002',
  '15',
  '3',
  '03',
  '4',
  '04',
  '5',
  '05',
  '2006',
  '06',
  'PM',
  'pm',
  'MST',
  '-070000',
  '-07:00:00',
  '-0700',
  '-07:00',
  '-07',
  'Z070000',
  'Z07:00:00',
  'Z0700',
  'Z07:00',
  'Z07',
  '.000',
  '.999',
  ',000000',
  ',999',
  '.00000000000',
  '.0',
  '.9',
  '_2006',
  '.0001',
  '007',
  'Mond',
  'Janu',
  'x',
  ' ',
  '  ',
  '-',
  ':',
  '/',
  'é',
  'T',
  '_',
  '0',
  '07',
  'M',
  'J',
  'P',
  'Z',
]

const zones = [
  '',
  'UTC',
  'Local',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Europe/Dublin',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Nuuk',
  'Asia/Gaza',
  'Etc/GMT+5',
  'EST5EDT',
  'GMT',
  'Africa/Monrovia',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'Asia/Tehran',
  'Africa/Cairo',
  'America/Santiago',
  'Asia/Beirut',
]

const zone = (random) =>
  random.once(12)
    ? random.pick([
        'europe/berlin',
        'Nowhere',
        '+01:00',
        '../UTC',
        '/etc/passwd',
        'EST',
        'CET',
        'Zulu',
        'UTC ',
      ])
    : random.pick(zones)

const instant = (random) =>
  random.pick([
    () => BigInt(Math.floor(random.next() * 4e9)) * 1_000_000_000n + BigInt(random.below(1e9)),
    () =>
      BigInt(Math.floor((random.next() * 18.4 - 9.2) * 1e9)) * 1_000_000_000n +
      BigInt(random.below(1e9)),
    // Minutes around the changes of the clocks.
    () =>
      (BigInt(
        Date.UTC(
          2015 + random.below(40),
          random.pick([2, 2, 3, 9, 9, 10]),
          random.between(1, 31),
          random.between(0, 23),
        ),
      ) /
        1000n) *
        1_000_000_000n +
      BigInt(random.pick([0, 1, 59_999_999_999, 60_000_000_000])),
    () =>
      random.pick([
        0,
        -1,
        1,
        999_999_999,
        -1_000_000_000,
        9223372036854775807n,
        -9223372036854775808n,
        9223372036854775808n,
        raw('1e18'),
        raw('1.5'),
        raw('1700000000000000000.0'),
        raw('1700000000000000000.0000000001'),
        raw('1.7e18'),
        raw('9223372036854775807.4'),
        raw('9223372036854775807.2'),
        raw('-0.0'),
        raw('1e-40'),
        raw('1e300'),
      ]),
  ])()

const layout = (random) =>
  random.once(3)
    ? random.pick(named)
    : Array.from({ length: random.between(1, 8) }, () => random.pick(elements)).join(
        random.pick(['', '', ' ', '-', ':']),
      )

const shown = (random) =>
  random.pick([
    () => instant(random),
    () => [instant(random), zone(random)],
    () => [instant(random), zone(random)],
    () => [instant(random), zone(random), random.once(5) ? '' : layout(random)],
  ])()

const allZones = Intl.supportedValuesOf('timeZone').filter((_, n) => n % 2 === 0)

const two = (number) => String(number).padStart(2, '0')

const dayText = (random) =>
  random.once(3)
    ? `${random.pick(['2024', '2023', '1969', '1677', '2262', '0000', '9999', '1900', '24'])}-${two(random.between(0, 13))}-${two(random.between(0, 32))}`
    : `${random.between(1700, 2261)}-${two(random.between(1, 12))}-${two(random.between(1, 29))}`

const fraction = (random) =>
  random.pick(['', '', '', '.5', ',5', '.123456789', '.1234567891', '.', '.999999999999', '.x'])

const offset = (random) =>
  random.pick([
    'Z',
    'Z',
    'z',
    '+00:00',
    '-00:00',
    '+01:00',
    '-23:59',
    '+24:00',
    '+25:00',
    '+00:60',
    '+00:61',
    '+0100',
    '',
    ' Z',
    '+1:00',
  ])

const rfc3339 = (random) =>
  random.once(3)
    ? `${dayText(random)}${random.pick(['T', 'T', 'T', 't', ' '])}${random.pick([two(random.between(0, 24)), '7'])}:${two(random.between(0, 60))}:${two(random.between(0, 60))}${fraction(random)}${offset(random)}`
    : `${dayText(random)}T${two(random.between(0, 23))}:${two(random.between(0, 59))}:${two(random.between(0, 59))}${random.pick(['', '.5', '.123456789', ',25'])}${random.pick(['Z', '+01:00', '-23:59', '+24:00'])}`

const written = {
  January: ['January', 'february', 'MARCH', 'Feb', 'Smarch'],
  Jan: ['Jan', 'feb', 'MAR', 'xyz'],
  Monday: ['Monday', 'tuesday', 'Mon'],
  Mon: ['Mon', 'tue', 'Foo'],
  1: ['1', '12', '13', '0', '02'],
  '01': ['01', '12', '1', '13'],
  2: ['2', '31', '0', '32', ' 2'],
  _2: [' 2', '12', '  2'],
  '02': ['02', '2', '29'],
  __2: ['  2', ' 45', '366', '1', '0'],
  '002': ['002', '366', '367', '45', '060', '061'],
  15: ['15', '0', '23', '24', '7'],
  3: ['3', '12', '13', '0'],
  '03': ['03', '12', '3'],
  4: ['4', '59', '60'],
  '04': ['04', '4'],
  5: ['5', '59.25', '60', '5,125'],
  '05': ['05', '5', '07.1'],
  2006: ['2024', '2023', '1970', '2261', '24', '12345', '+024'],
  '06': ['24', '68', '69', '99', '+5', '-5', '7'],
  PM: ['PM', 'AM', 'pm', 'XM'],
  pm: ['pm', 'am', 'AM'],
  MST: [
    'MST',
    'UTC',
    'GMT',
    'GMT+3',
    'GMT-23',
    'GMT+24',
    'CEST',
    'ChST',
    'WITA',
    'ABCD',
    'ABCDT',
    '+03',
    '-4',
    '+99',
    'AB',
    'abc',
    'EST',
    'MeST',
    'UTCX',
    'GMT+',
  ],
  '-070000': ['+010203', '-235959', '+01'],
  '-07:00:00': ['+01:02:03', '-00:00:01', '+01:02'],
  '-0700': ['+0100', '-2459', '+2500', '0100'],
  '-07:00': ['+01:00', '-01:30', '+0100'],
  '-07': ['+01', '-24', '+25', '1'],
  Z070000: ['Z', '+010203'],
  'Z07:00:00': ['Z', '-01:02:03'],
  Z0700: ['Z', '+0100'],
  'Z07:00': ['Z', '+01:00'],
  Z07: ['Z', '-07'],
  '.000': ['.123', ',123', '.12', '.1234', '.+12', '.-12', '.1a3'],
  '.999': ['.9', ',12', '', '.1234567890123', '.'],
  ',000000': ['.000001', ',123456'],
  ',999': ['.5', ''],
  '.00000000000': ['.12345678901', '.123456789ab'],
  '.0': ['.1'],
  '.9': ['.9', ''],
}

function layoutAndText(random) {
  const chosen = Array.from({ length: random.between(1, 6) }, () =>
    random.pick(random.once(4) ? elements : Object.keys(written)),
  )
  const between = random.pick(['', ' ', ' ', '-', '  ', 'T'])
  const bad = random.once(5)
  // Without a year the time is out of range.
  if (!chosen.includes('2006')) chosen[random.below(chosen.length)] = '2006'
  const text = chosen.map((element) =>
    written[element] === undefined
      ? element
      : bad
        ? random.pick(written[element])
        : random.pick(written[element].slice(0, written[element].length > 3 ? 2 : 1)),
  )
  return [
    chosen.join(between),
    text.join(random.once(8) ? ' ' : between) + (random.once(20) ? 'x' : ''),
  ]
}

const sampleTime = (random, name) =>
  ({
    ANSIC: 'Mon Jan  2 15:04:05 2006',
    UnixDate: 'Mon Jan  2 15:04:05 CEST 2006',
    RubyDate: 'Tue Feb 29 23:59:59 +0130 2000',
    RFC822: '02 Jan 06 15:04 GMT+2',
    RFC822Z: '02 Jan 68 15:04 -0700',
    RFC850: 'Friday, 29-Feb-69 00:00:00 UTC',
    RFC1123: 'Sun, 31 Dec 1999 23:59:59 MST',
    RFC1123Z: 'Sun, 31 Dec 1999 23:59:59 +2400',
    RFC3339: '2006-01-02T15:04:05+07:00',
    RFC3339Nano: '2006-01-02T15:04:05.999999999Z',
  })[name]

const durationPart = (random) =>
  random.pick([
    '1',
    '0',
    '1.5',
    '.5',
    '5.',
    '.',
    '',
    '0.000000001',
    '2562047',
    '9223372036',
    '9223372036854775807',
    '9223372036854775808',
    '99999999999999999999',
    '0.3333333333333333333',
    '106751',
    '1e3',
    '00012',
    '0.1',
    '1.7',
    '123.456789',
  ]) +
  random.pick([
    'h',
    'm',
    's',
    'ms',
    'us',
    'µs',
    'μs',
    'ns',
    'd',
    'w',
    'y',
    '',
    'x',
    'H',
    ' s',
    'hh',
  ])

const usualPart = (random) =>
  random.pick([
    '1',
    '0',
    '1.5',
    '.5',
    '5.',
    '0.000000001',
    '0.3333333333333333333',
    '00012',
    '0.1',
    '1.7',
    '123.456789',
    '2562047',
  ]) + random.pick(['h', 'm', 's', 'ms', 'us', 'µs', 'ns', 'd', 'w', 'y'])

const duration = (random) =>
  random.once(2)
    ? random.pick(['', '-', '+']) +
      Array.from({ length: random.between(1, 3) }, () => usualPart(random)).join('')
    : random.pick(['', '', '-', '+', '--']) +
      Array.from({ length: random.between(1, 3) }, () => durationPart(random)).join('')

const amount = (random) =>
  random.once(8)
    ? random.pick([
        raw('1.0'),
        raw('1.5'),
        raw('1e2'),
        1000,
        -1000,
        250000,
        9223372036854775808n,
        1_000_000_000_000,
      ])
    : random.between(-40, 40)

export const builtins = {
  'time.format': {
    count: 450,
    args: (random) => [shown(random)],
    fixed: [
      [[]],
      [[0, 'UTC', 'RFC822', 'more']],
      ...allZones.map((name, n) => [
        [
          BigInt(((n * 7_919_317_331) % 9_000_000_000) - (n % 2) * 6_000_000_000) * 1_000_000_000n,
          name,
          '2006-01-02T15:04:05.999999999 MST -07:00:00',
        ],
      ]),
    ],
  },
  'time.date': { count: 150, args: (random) => [shown(random)] },
  'time.clock': { count: 150, args: (random) => [shown(random)] },
  'time.weekday': { count: 150, args: (random) => [shown(random)] },
  'time.add_date': {
    count: 200,
    args: (random) => [shown(random), amount(random), amount(random), amount(random)],
  },
  'time.diff': { count: 200, args: (random) => [shown(random), shown(random)] },
  'time.parse_rfc3339_ns': { count: 300, args: (random) => [rfc3339(random)] },
  'time.parse_ns': {
    count: 500,
    args: layoutAndText,
    fixed: [
      ...named.map((name) => [name, sampleTime(undefined, name)]),
      ['', ''],
      ['Kitchen', '3:04PM'],
      ['3:04PM', '12:30AM'],
      ['2006 002', '2024 060'],
      ['2006 002', '2023 366'],
      ['2006-01-02 002', '2023-03-01 060'],
    ],
  },
  'time.parse_duration_ns': {
    count: 400,
    args: (random) => [duration(random)],
    fixed: [
      ['0'],
      ['-0'],
      ['+'],
      ['1h1h'],
      ['-9223372036854775808ns'],
      ['9223372036854775808ns'],
      ['1.5d2h'],
      ['0.1y'],
      ['1e3d'],
    ],
  },
}
