import { Buffer } from 'node:buffer'

/** A body for POST /mcp: a message of the protocol, or what is left of one after some mutations. */
export function mutatedBody(random) {
  let body = Buffer.from(random.pick(messages))
  for (let left = random.pick([0, 1, 1, 1, 2, 3]); left > 0; left -= 1) {
    body = random.pick(mutations)(body, random)
  }
  return body
}

const request = (method, params, id = '1') =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}"${params === undefined ? '' : `,"params":${params}`}}`

const clientInfo = '{"name":"fuzz","version":"1"}'

const messages = [
  request(
    'initialize',
    `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":${clientInfo}}`,
  ),
  request('ping'),
  request('tools/list', '{"cursor":"c"}', '"l-1"'),
  request(
    'tools/call',
    '{"name":"weather.get","arguments":{"city":"Berlin","days":[1,2.5,1e400],"deep":{"a":[]}}}',
  ),
  request('tools/call', '{"name":"weather.get"}', '1e2'),
  request(
    'tools/call',
    '{"name":"temp.convert","arguments":{"temp":20},"_meta":{"progressToken":7}}',
  ),
  request('tools/call', '{"name":"temp.convert","arguments":{"temp":-500}}'),
  request('tools/call', '{"name":"database.backup","arguments":{"database":"crm"}}'),
  request('tools/call', '{"name":"database.backup","arguments":{}}', '"\\u00fc"'),
  request('resources/read', '{"uri":"file:///etc/hosts"}'),
  request('prompts/get', '{"name":"greet","arguments":{"who":"W\u00f6rld \u{1f600}"}}'),
  request(
    'completion/complete',
    '{"ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"who","value":"W"}}',
  ),
  request('tools/delete', '{}'),
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"late"}}',
  '{"jsonrpc":"2.0","id":3,"result":{"roots":[{"uri":"file:///home","name":"home"}]}}',
  '{"jsonrpc":"2.0","id":"s","error":{"code":-1,"message":"no","data":{"a":1}}}',
]

const mutations = [
  (body, random) => {
    const flipped = Buffer.from(body)
    for (let left = 1 + random.below(4); left > 0 && body.length > 0; left -= 1) {
      flipped[random.below(body.length)] ^= 1 << random.below(8)
    }
    return flipped
  },
  (body, random) => body.subarray(0, random.below(body.length + 1)),
  (body, random) => body.subarray(random.below(body.length + 1)),
  (body, random) => insert(body, random, random.pick(fragments)),
  (body, random) => insert(body, random, random.pick(wrongUtf8)),
  (body, random) => {
    const start = random.below(body.length + 1)
    return Buffer.concat([body.subarray(0, start), body.subarray(start + 1 + random.below(5))])
  },
  (body, random) => {
    const other = Buffer.from(random.pick(messages))
    return Buffer.concat([
      body.subarray(0, random.below(body.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ])
  },
  // A key once more, under the same name or one that reads alike.
  (body, random) =>
    edit(
      body,
      random,
      /"(\w+)":/g,
      (found, key) => `"${spelled(key, random)}":${random.pick(values)},${found}`,
    ),
  (body, random) => edit(body, random, /"(\w+)":/g, (_found, key) => `"${spelled(key, random)}":`),
  (body, random) => edit(body, random, /"(\w+)":/g, (_found, key) => `"${variant(key, random)}":`),
  (body, random) =>
    edit(
      body,
      random,
      /"(\w+)":/g,
      (found, key) => `"${variant(key, random)}":${random.pick(values)},${found}`,
    ),
  // Another value in the place of one, a member less, a member more.
  (body, random) =>
    edit(body, random, /:("[^"]*"|\d+|\{\}|\[\])/g, () => `:${random.pick(values)}`),
  (body, random) => edit(body, random, /"\w+":("[^"]*"|\d+),/g, () => ''),
  (body, random) =>
    edit(body, random, /\{/g, () => `{"${random.pick(newKeys)}":${random.pick(values)},`),
  (body, random) => edit(body, random, /"[^"]*"/g, (found) => `"${escapeAll(found.slice(1, -1))}"`),
  (body, random) =>
    edit(
      body,
      random,
      /[,:{}[\]]/g,
      (found) => `${found}${random.pick([' ', '\r\n', '\t', '\v', '\u00a0'])}`,
    ),
  (body, random) =>
    Buffer.from(
      random.pick([
        `[${body}]`,
        `${body}${body}`,
        `${body}\n${body}`,
        `\ufeff${body}`,
        ` ${body} `,
      ]),
    ),
  (body, random) => {
    const depth = random.pick([3, 400, 497, 500, 600, 20_000])
    return edit(
      body,
      random,
      /:(\{\}|\d+|"[^"]*")/g,
      () => `:${'['.repeat(depth)}${']'.repeat(depth)}`,
    )
  },
]

const fragments = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\u0000',
  '\n',
  '-',
  '.',
  'e',
  '0',
  '//',
  '/**/',
  'null',
]
  .concat([
    '"id":2,',
    '"method":"tools/call",',
    '"__proto__":{},',
    '\\ud800',
    '\\u0000',
    '\u{1f600}',
    "'",
    'NaN',
  ])
  .map((text) => Buffer.from(text))

const wrongUtf8 = [
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
  [0x80],
  [0xc3, 0x28],
].map((bytes) => Buffer.from(bytes))

const values =
  `1 0 -0 1.5 1e400 -1e-400 12345678901234567890123 01 +1 .5 "" "a" "2.0" "tools/call" "database.backup" "tools/list"
  "\\u0000" "\\ud800" "\\ud83d\\ude00" null true false {} [] [1] {"a":1} {"name":"database.backup"} {"a":1,"a":2}`.split(
    /\s+/,
  )

const newKeys =
  `id method params result error jsonrpc name arguments uri _meta x __proto__ constructor a\\u0000 \\ud800 temp`.split(
    ' ',
  )

function insert(body, random, fragment) {
  const at = random.below(body.length + 1)
  return Buffer.concat([body.subarray(0, at), fragment, body.subarray(at)])
}

/** Replaces one of the matches. Latin-1 keeps every byte as it is; what is put in is ASCII or meant to be broken. */
function edit(body, random, pattern, replace) {
  const text = body.toString('latin1')
  const matches = [...text.matchAll(pattern)]
  if (matches.length === 0) return body
  const match = random.pick(matches)
  const end = match.index + match[0].length
  const put = Buffer.from(replace(...match)).toString('latin1')
  return Buffer.from(text.slice(0, match.index) + put + text.slice(end), 'latin1')
}

function spelled(key, random) {
  return random.oneIn(2) ? key : escapeAll(key)
}

function escapeAll(text) {
  return text.replace(
    /[a-z./]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A key that decoders which fold case take for the other. */
function variant(key, random) {
  const folded = key.replace('s', '\u017f').replace('k', '\u212a')
  return random.pick([key.toUpperCase(), key[0].toUpperCase() + key.slice(1), folded])
}
