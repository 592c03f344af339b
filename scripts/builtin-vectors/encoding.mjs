import { raw, wildValue } from './arguments.mjs'

const hex = (random) =>
  random.text(10, [
    ...'0123456789abcdefABCDEF',
    '48',
    '69',
    'c3a9',
    'e697a5',
    'ff',
    '80',
    'f0',
    ...(random.once(6) ? ['g', ' ', 'é'] : []),
  ])

const query = (random) =>
  Array.from({ length: random.between(0, 4) }, () =>
    random.text(4, [
      ..."abcé😀+ .-_~!*'()/?:@&=;%$,#",
      '%20',
      '%C3%A9',
      '%ff',
      '%2',
      '%zz',
      '%e6%97%a5',
    ]),
  ).join(random.pick(['&', '&', '=', '&&', '']))

const safeQuery = (random) =>
  Array.from({ length: random.between(0, 5) }, () =>
    random.text(3, ['a', 'b', 'é', '+', '%20', '%C3%A9', '%26', '%3D', '%ff']),
  ).join(random.pick(['&', '=', '&a=']))

const text = (random) => (random.once(3) ? random.text(10) : query(random))

const queryValue = (random) =>
  random.pick([
    () => text(random),
    () => random.list(3, () => text(random)),
    () => new Set(random.list(4, () => text(random))),
    () => (random.once(4) ? wildValue(random) : text(random)),
  ])()

const options = (random) =>
  Object.fromEntries(
    [
      ['pretty', random.once(2)],
      ['indent', random.text(3, [' ', '\t', '>'])],
      ['prefix', random.text(3, ['# ', '', '<'])],
      ['other', 1],
      ['pretty', 'x'],
      ['indent', 3],
    ].filter((_, at) => random.once(at < 3 ? 2 : 12)),
  )

const nested = (random) =>
  [wildValue(random), { k: wildValue(random), '<&>\u2028': random.text(8) }, wildValue(random)][
    random.below(3)
  ]

export const builtins = {
  'hex.encode': { count: 80, args: (random) => [random.text(10)] },
  'hex.decode': {
    count: 150,
    args: (random) => [hex(random)],
    fixed: [['c328'], ['f09f'], ['fffe'], ['eda080'], ['']],
  },
  'base64url.encode_no_pad': {
    count: 100,
    args: (random) => [random.text(12)],
    fixed: [['>>>???~~~'], ['']],
  },
  'urlquery.encode': { count: 150, args: (random) => [text(random)] },
  'urlquery.decode': {
    count: 200,
    args: (random) => [text(random)],
    fixed: [['%'], ['%4'], ['%41+%2b'], ['a+b'], ['%C3'], ['é%A9']],
  },
  'urlquery.encode_object': {
    count: 200,
    args: (random) => [
      new Map(
        random.list(4, () => [
          random.once(8) ? wildValue(random) : text(random),
          queryValue(random),
        ]),
      ),
    ],
    fixed: [
      [
        new Map([
          [1, 'a'],
          ['1', 'b'],
        ]),
      ],
      [
        new Map([
          [[1, 'x'], 'a'],
          [new Set([2, 1]), 'b'],
          [null, 'c'],
          ['null', 'd'],
        ]),
      ],
      [{}],
      [{ a: [] }],
      [[]],
    ],
  },
  'urlquery.decode_object': {
    count: 250,
    args: (random) => [random.once(2) ? query(random) : safeQuery(random)],
    fixed: [['a=1&a=2&b'], ['=x'], ['a;b'], ['a=b=c'], ['&&'], ['a&'.repeat(50)]],
  },
  'glob.quote_meta': { count: 80, args: (random) => [random.text(10, [...'abé*?[]{}\\!,-'])] },
  'json.marshal_with_options': {
    count: 300,
    args: (random) => [nested(random), options(random)],
    fixed: [
      [{}, { pretty: true }],
      [[], { pretty: true }],
      [[[], {}, [1]], { indent: '' }],
      [[1], {}],
      [{ a: raw('1.10'), b: 1e21 }, { pretty: true }],
      [
        new Map([
          [1, 2],
          ['1', 3],
        ]),
        { pretty: false },
      ],
      [new Map([[new Set([2, 1]), 2]]), { prefix: '//' }],
      ['\u0000\b\f\n\r\t\u001f\u007f"\\/é\u2029', {}],
    ],
  },
}
