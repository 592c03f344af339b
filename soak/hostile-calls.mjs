import { Buffer } from 'node:buffer'

/**
 * One message as hostile as a caller can make it, and who sends it. Most are readable, so that policy has to decide;
 * the text is spelled by hand, because JSON.stringify cannot say `1e400` or half a surrogate pair.
 */
export function hostileCall(random) {
  const roles = random.pick(roleSets)
  const kind = random.oneIn(5) ? random.pick(otherKinds) : 'tools/call'
  const isNotification = kind.startsWith('notifications/')
  const members = [
    '"jsonrpc":"2.0"',
    `"method":${spell(kind, random)}`,
    ...(isNotification ? [] : [`"id":${random.pick(ids)}`]),
    ...paramsOf(kind, random),
    ...(random.oneIn(8) ? [`"x\\u0000":${anyValue(random, 3)}`] : []),
  ]
  const text = `{${shuffled(members, random).join(random.pick([',', ' ,\n', ',\t']))}}`
  return { text: Buffer.from(text), roles }
}

/** The result of a reply, in the same spirit. */
export function hostileResult(random) {
  return Buffer.from(
    `{"content":[${anyValue(random, 4)}],"salary":${random.pick(numbers)},"ssn":"078-05-1120"}`,
  )
}

const roleSets = [
  [],
  [],
  ['dev'],
  ['dba'],
  ['admin'],
  ['hr'],
  ['dev', 'dba'],
  ['Admin'],
  ['dba '],
].concat([['\u0000dba'], ['__proto__'], ['d\u0431a'], ['\ud800', 'admin'], ['admin\ud800'], ['']])

const otherKinds =
  `initialize ping tools/list resources/list logging/setLevel notifications/initialized notifications/x
   notifications/ tools/delete Tools/call tools/Call TOOLS/LIST __proto__ constructor`
    .split(/\s+/)
    .concat(['', 'tools/call ', 'tools/call\u0000', 'ping\n', ' ping', 'notification\u017f/x'])

const ids = [
  '1',
  '0',
  '-0',
  '1.50',
  '1e400',
  '-1E-400',
  '12345678901234567890123',
  '""',
  '"a"',
].concat(['"\\u0000"', '"\\ud83d\\ude00"', '"\u{1f600}"', `"${'i'.repeat(5000)}"`])

const names = ['temp.convert', 'temp.convert', 'database.backup', 'weather.get', 'employee_data']
const oddNames =
  `Temp.convert DATABASE.BACKUP database.backup. forbidden __proto__ constructor toString temp/convert`
    .split(' ')
    .concat(['', 'database.backup ', 'database.backup\u0000', ' temp.convert', 'temp\u2024convert'])
    .concat(['d\u0430tabase.backup', 'n'.repeat(20_000), '\u{1f600}', '\u202ebackup', '\uffff'])

function paramsOf(kind, random) {
  if (kind !== 'tools/call') return random.oneIn(2) ? [] : [`"params":{"a":${anyValue(random, 4)}}`]
  if (random.oneIn(200)) return []
  const name = random.oneIn(4) ? random.pick(oddNames) : random.pick(names)
  const members = [`"name":${spell(name, random)}`]
  if (!random.oneIn(20)) members.push(`"arguments":${argumentsOf(random)}`)
  if (random.oneIn(6)) members.push(`"_meta":${anyValue(random, 2)}`)
  return [`"params":{${shuffled(members, random).join()}}`]
}

const wrongArguments = ['[]', '[{"temp":1}]', 'null', '"{}"', '1', 'true']

function argumentsOf(random) {
  if (random.oneIn(60)) return random.pick(wrongArguments)
  if (random.oneIn(150)) return nested(random)
  const members = new Map()
  for (const [key, values] of Object.entries(tellingArguments)) {
    if (random.oneIn(2)) members.set(key, values(random))
  }
  for (let left = random.below(5); left > 0; left -= 1) {
    members.set(random.pick(keys), anyValue(random, 4))
  }
  if (random.oneIn(100)) members.set('long', `"${'long \u00fc '.repeat(1 + random.below(20_000))}"`)
  if (random.oneIn(1000)) members.set('longest', `"${'x'.repeat(1_200_000)}"`)
  if (random.oneIn(60)) members.set('lone', `"${random.pick(loneSurrogates)}"`)
  if (random.oneIn(300)) members.set(`k\\ud83d`, '1')
  const spelled = [...members].map(([key, value]) =>
    key.includes('\\') ? `"${key}":${value}` : `${spell(key, random)}:${value}`,
  )
  return `{${shuffled(spelled, random).join()}}`
}

/** The arguments that policies look at. */
const tellingArguments = {
  temp: (random) => (random.oneIn(4) ? anyValue(random, 2) : random.pick(numbers)),
  value: (random) => (random.oneIn(4) ? anyValue(random, 2) : random.pick(numbers)),
  n: (random) => (random.oneIn(4) ? anyValue(random, 2) : random.pick(numbers)),
  fault: (random) =>
    random.pick(['"rule"', '"member"', '"member"', 'false', 'null', '0', '"Rule"']),
  names: (random) =>
    random.pick(['["a","a"]', '["a","b"]', '[1,1.0]', '[]', '{"x":"a","y":"a"}', '"aa"']),
  reasons: (random) =>
    random.pick(['["b","a"]', '[]', '["\uffff","\u{1f600}"]', '{"k":"v"}', '[1]', '"abc"']),
}

const numbers =
  `0 -0 1 -273 -273.0 -272.9999999999999999999 -273.15 -273.1500000000000000000001 -273.0000000000000000000001
  -500 10000 1E4 1e+4 10000.0000000000000000000000001 9999.9999999999999999999999 100 100.00000000000000000001 1e400 -1e400
  1e-400 5e-324 1.7976931348623157e308 12345678901234567890123 0.1e1 1e9999 -1e9999 1e999999999999 1e-999999999999
  0e99999999999999999999`.split(/\s+/)

const keys = [
  '__proto__',
  'constructor',
  'toString',
  'Temp',
  'TEMP',
  'temp ',
  '\u0074emp\u0000',
  '',
  ' ',
].concat([
  '\u{1f600}',
  '\u0430',
  '"',
  '\\',
  '\u2028',
  'hasOwnProperty',
  'length',
  'a',
  'b',
  'k'.repeat(300),
])

const loneSurrogates = [
  '\\ud800',
  '\\uDC00',
  'a\\udfff',
  '\\ud83d\\u0041',
  '\\ude00\\ud83d',
  '\\\\\\ud800',
]

const texts = [
  '',
  'a',
  '\u0000',
  '\u001b[31m',
  '"',
  '\\',
  '\\ud800',
  '\u2028',
  '\u{1f600}',
  '\u212a',
  '\ufeff',
]

function anyValue(random, depth) {
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return random.pick(['null', 'true', 'false'])
    case 1:
    case 2:
      return random.pick(numbers)
    case 3:
    case 4:
    case 5:
      return spell(random.pick(texts) + random.pick(texts), random)
    case 6:
      return `[${Array.from({ length: random.below(4) }, () => anyValue(random, depth - 1)).join()}]`
    default: {
      const own = new Set(Array.from({ length: random.below(4) }, () => random.pick(keys)))
      return `{${[...own].map((key) => `${spell(key, random)}:${anyValue(random, depth - 1)}`).join()}}`
    }
  }
}

/** To just below the limit of the gateway, or just above it. */
function nested(random) {
  const depth = 490 + random.below(16)
  const [open, close] = random.pick([
    ['{"a":', '}'],
    ['[', ']'],
  ])
  const inner = `${open.repeat(depth)}1${close.repeat(depth)}`
  return `{"temp":${random.pick(['1', '-500', inner])},"deep":${inner}}`
}

/** A string literal, some of its characters written as escapes. */
function spell(text, random) {
  if (text.length > 100) return JSON.stringify(text)
  const units = [...text].map((character) => {
    if (!random.oneIn(6)) return JSON.stringify(character).slice(1, -1)
    return character.split('').map(escaped).join('')
  })
  return `"${units.join('')}"`
}

function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function shuffled(items, random) {
  const left = [...items]
  return items.map(() => left.splice(random.below(left.length), 1)[0])
}
