const bytes = ['0', '1', '10', '127', '128', '191', '192', '223', '224', '255']
const version4 = (random) =>
  Array.from({ length: 4 }, () =>
    random.once(6) ? String(random.below(256)) : random.pick(bytes),
  ).join('.')
const group = (random) =>
  random.pick(['0', '0', '1', 'ffff', 'fe80', '2001', 'db8', '0db8', 'F', 'a0b'])
const groups = (random, count) => Array.from({ length: count }, () => group(random)).join(':')

/** None that OPA ends with when it merges them: those need a first byte that is not zero. */
const plain6 = (random) =>
  `${random.pick(['2001', 'fe80', 'ffff', '1000'])}:db8::${groups(random, random.between(1, 4))}`
const version6 = (random) =>
  random.pick([
    () => plain6(random),
    () => groups(random, 8),
    () => `${groups(random, random.below(5))}::${groups(random, random.below(5))}`,
    () => `::ffff:${version4(random)}`,
    () => `::${version4(random)}`,
    () => `64:ff9b::${version4(random)}`,
  ])()

const broken = [
  ...[
    '',
    '/',
    '1.2.3.4',
    '1.2.3.4/',
    '/8',
    '1.2.3/8',
    '1.2.3.4.5/8',
    '01.2.3.4/8',
    '1.2.3.04/8',
    '1.2.3.256/8',
    '1.2.3.-4/8',
    '1..3.4/8',
    ' 1.2.3.4/8',
    '1.2.3.4/8 ',
    '1.2.3.4/33',
  ],
  ...[
    '1.2.3.4/-1',
    '1.2.3.4/+8',
    '1.2.3.4/008',
    '1.2.3.4/0',
    '1.2.3.4/00000000000000000000008',
    '1.2.3.4/8/8',
    '1.2.3.4/x',
    '0x1.2.3.4/8',
    '1.2.3.4%eth0/8',
    '::/129',
    '::/128',
    ':::/8',
    '::1::/8',
    '1::2:3:4:5:6:7:8/8',
  ],
  ...[
    '1:2:3:4:5:6:7::/8',
    '::1:2:3:4:5:6:7/8',
    '1:2:3:4:5:6:7:8:9/8',
    '1:2:3:4:5:6:7/8',
    ':1/8',
    '1:/8',
    '12345::/8',
    'g::/8',
    'fe80::1%eth0/64',
    'fe80::1%/64',
    '::ffff:1.2.3/104',
    '::ffff:1.2.3.04/104',
    '::1.2.3.4:5/8',
    '1:2:3:4:5:6:1.2.3.4/8',
  ],
  ...[
    '1:2:3:4:5:6:7:1.2.3.4/8',
    '::ffff:1.2.3.4/96',
    '::ffff:1.2.3.4/95',
    '::FFFF:1.2.3.4/128',
    '1.2.3.4/３',
    '1.2.3.４/8',
    '[::1]/8',
    '1.2.3.4:80/8',
    '0.0.0.0/32',
    '255.255.255.255/32',
    '::/8',
    '1.2.3.4\n/8',
    '%/8',
    '%1::/8',
    '::%a:1/8',
    '1.2.3.4/١',
  ],
]

const cidr4 = (random) => `${version4(random)}/${random.between(0, 32)}`
const cidr6 = (random) => `${version6(random)}/${random.between(0, 128)}`
const cidr = (random) =>
  random.once(12) ? random.pick(broken) : random.once(2) ? cidr4(random) : cidr6(random)
const near = (random) => `10.${random.below(2)}.${random.below(4)}.${random.below(256)}`
const nearCidr = (random) => `${near(random)}/${random.between(8, 32)}`
const near6 = (random) => `2001:db8::${random.below(16).toString(16)}/${random.between(112, 128)}`
const adjoining = (random) => {
  const start = random.below(60)
  return Array.from(
    { length: random.between(1, 12) },
    (_, n) => `192.168.${start + n}.0/24`,
  ).filter(() => !random.once(5))
}

const mergeable = (random) =>
  random.pick([
    () => adjoining(random),
    () => random.list(6, () => nearCidr(random)),
    () => random.list(6, () => near6(random)),
    () => random.list(5, () => `${plain6(random)}/${random.between(16, 128)}`),
    () => random.list(5, () => cidr4(random)),
    () => [...random.list(4, () => near(random)), ...random.list(2, () => cidr4(random))],
    () => [...random.list(3, () => cidr4(random)), ...random.list(3, () => near6(random))],
    () => random.list(2, () => random.pick(broken)).slice(0, 1),
    () => [near(random), random.pick([null, 1, ['10.0.0.0/8']])],
    () => ['2001:db8::1'],
  ])()

const element = (random) =>
  random.pick([
    () => nearCidr(random),
    () => near(random),
    () => near6(random),
    () => cidr(random),
  ])()
const outer = (random) =>
  random.once(10)
    ? element(random)
    : random.pick([() => nearCidr(random), () => near6(random), () => '0.0.0.0/0', () => '::/0'])()
const shaped = (random, make) => {
  const one = () =>
    random.once(4)
      ? [make(random), ...random.list(2, () => random.below(5))]
      : random.once(40)
        ? random.pick([1, null, [], [1], {}])
        : make(random)
  return random.pick([
    () => make(random),
    () => random.list(4, one),
    () => random.list(4, one),
    () => new Set(random.list(4, one)),
    () => new Map(random.list(4, () => [random.once(2) ? random.text(2) : random.below(4), one()])),
  ])()
}

export const builtins = {
  'net.cidr_is_valid': {
    count: 200,
    args: (random) => [cidr(random)],
    fixed: broken.map((text) => [text]),
  },
  'net.cidr_expand': {
    count: 80,
    args: (random) => [
      random.once(2)
        ? `${version4(random)}/${random.between(27, 32)}`
        : `${version6(random)}/${random.between(123, 128)}`,
    ],
    fixed: [
      ...broken.filter((text) => !/^[^/]*\/0*(?:\d|1\d|9\d)$/.test(text)).map((text) => [text]),
      ['255.255.255.240/28'],
      ['::ffff:255.255.255.250/124'],
      ['::fffe:ffff:fff0/124'],
      ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124'],
      ['1:0:0:2::/126'],
      ['0:0:1::/126'],
      ['1:0:2:0:3:0:4:0/126'],
      ['1::2:0:0:3:0/127'],
      [null],
      [['10.0.0.0/30']],
    ],
  },
  'net.cidr_merge': {
    count: 300,
    args: (random) => {
      const made = mergeable(random)
      return [random.once(3) ? new Set(made) : made]
    },
    fixed: [
      [[]],
      [new Set()],
      [['0.0.0.0/0']],
      [['::/0']],
      [['0.0.0.0/1', '128.0.0.0/1']],
      [['8000::/1', '::/1']],
      [['::/0', '10.0.0.0/8']],
      [['0.0.0.0', '127.0.0.1', '128.0.0.1', '192.0.0.1', '224.0.0.1', '255.255.255.255']],
      [['10.1.2.3']],
      [['10.1.2.3', '10.1.2.3']],
      [['10.1.2.3', '10.1.2.4']],
      [['::ffff:1.2.3.4/120']],
      [['::ffff:1.2.3.4']],
      [['10.0.0.0/8', '10.0.0.1/32', '11.0.0.0/8']],
      ['10.0.0.0/8'],
      [null],
    ],
  },
  'net.cidr_contains_matches': {
    count: 300,
    args: (random) => [shaped(random, outer), shaped(random, element)],
    fixed: [
      ['1.1.1.0/24', '1.1.1.128'],
      ['::/80', '::/80'],
      ['::/0', '::ffff:1.2.3.4'],
      ['::/0', '::ffff:1.2.3.0/120'],
      ['::ffff:0:0/96', '1.2.3.4'],
      ['0.0.0.0/0', '::ffff:1.2.3.4'],
      ['0.0.0.0/0', '::1'],
      ['x', []],
      ['x', {}],
      [[], 'x'],
      [[], [1]],
      [[1], []],
      [[[1]], []],
      [[[1]], ['10.0.0.1']],
      [1, 'x'],
      ['10.0.0.0/8', 1],
      ['10.0.0.0/8', null],
      ['10.0.0.0/8', 'fe80::1%eth0'],
    ],
  },
}
