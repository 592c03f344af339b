// Makes the keys and tokens that the tests of io.jwt.* use: test/fixtures/tokens/tokens.json. Random by nature, so run it only
// to have others; the golden vectors have to be made again after that (scripts/builtin-vectors.mjs jwt). Needs openssl.
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const hashes = { 256: 'sha256', 384: 'sha384', 512: 'sha512' }
const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 1088 }),
  rsa2: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  small: generateKeyPairSync('rsa', { modulusLength: 1016 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed: generateKeyPairSync('ed25519'),
  x25519: generateKeyPairSync('x25519'),
}
const secret = 'a secret of more than thirty-two bytes'

const keys = Object.fromEntries(
  Object.entries(pairs).map(([name, { publicKey, privateKey }]) => [
    name,
    {
      pem: publicKey.export({ type: 'spki', format: 'pem' }),
      jwk: publicKey.export({ format: 'jwk' }),
      privateJwk: privateKey.export({ format: 'jwk' }),
      ...(name === 'x25519' ? {} : { cert: certificateOf(privateKey) }),
    },
  ]),
)

function certificateOf(privateKey) {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'))
  try {
    const key = join(folder, 'key.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return execFileSync(
      'openssl',
      ['req', '-x509', '-new', '-key', key, '-subj', '/CN=t', '-days', '36500'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    ).toString()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const encode = (part) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** By the algorithm and the key, whatever the header says. */
function signature(alg, key, text, options = {}) {
  const data = Buffer.from(text)
  const hash = hashes[alg.slice(2)]
  if (alg === 'none') return Buffer.alloc(0)
  if (alg.startsWith('HS')) return createHmac(hash, key).update(data).digest()
  const { privateKey } = pairs[key]
  if (alg === 'EdDSA') return sign(null, data, privateKey)
  if (alg.startsWith('RS')) return sign(hash, data, privateKey)
  if (alg.startsWith('ES')) return sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  const saltLength = options.saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST
  return sign(hash, data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
}

function token(alg, key, { header = {}, payload = { sub: 'a' }, ...options } = {}) {
  const head = typeof header === 'string' ? header : { alg, typ: 'JWT', ...header }
  const text = `${encode(head)}.${encode(payload)}`
  const made = signature(alg, key, text, options)
  return `${text}.${(options.reshape?.(made) ?? made).toString('base64url')}`
}

const usual = { RS: 'rsa', PS: 'rsa', HS: secret }
const curves = { ES256: 'p256', ES384: 'p384', ES512: 'p521', EdDSA: 'ed' }
const names = ['RS', 'PS', 'ES', 'HS']
  .flatMap((family) => ['256', '384', '512'].map((size) => family + size))
  .concat('EdDSA')
const keyOf = (alg) => curves[alg] ?? usual[alg.slice(0, 2)]

const far = 4102444800
const past = 1000000000
const payloads = {
  bare: {},
  times: { exp: far, nbf: past, iat: past },
  expired: { exp: past },
  early: { nbf: far },
  fraction: { exp: 1700000000.5, nbf: 1699999999.5 },
  textTimes: { exp: '4102444800' },
  textNbf: { nbf: null },
  iss: { iss: 'https://issuer' },
  aud: { aud: 'me' },
  auds: { aud: ['you', 'me', 1] },
  noAud: { aud: [] },
  emptyAud: { aud: '' },
  oddAud: { aud: { me: true } },
  all: { iss: 'https://issuer', aud: ['me'], exp: far, nbf: past, roles: ['a', { b: null }] },
  exact: '{"n":12345678901234567890123,"x":1.10,"e":1e3,"z":-0.0,"exp":4.1024448e9}',
  twice: '{"a":1,"b":2,"a":3}',
  escapes: '{"\\u0061":"\\ud83d\\ude00","half":"\\ud800"}',
  list: '[1,2]',
  broken: '{"a":',
  trailing: '{"a":1} x',
  empty: '',
}
const headers = {
  kidA: { kid: 'a' },
  kidB: { kid: 'b' },
  kidNone: { kid: '' },
  kidNumber: { kid: 1 },
  algNone: { alg: 'none' },
  algEmpty: { alg: '' },
  algNull: { alg: null },
  algHs: { alg: 'HS256' },
  algRs: { alg: 'RS256' },
  algPs: { alg: 'PS256' },
  algEs: { alg: 'ES256' },
  algEd: { alg: 'EdDSA' },
  algOther: { alg: 'Ed25519' },
  algUnknown: { alg: 'XX256' },
  algInner: { alg: 'HMAC_WITH_SHA1' },
  critKnown: { crit: ['alg'] },
  critUnknown: { crit: ['b64'], b64: false },
  critAbsent: { crit: ['b64'] },
  critEmpty: { crit: [] },
  critText: { crit: 'b64' },
  critMixed: { crit: ['exp', 1, 'b64'], b64: true },
  critNone: { crit: [1, 'b64'] },
  typOther: { typ: 'at+jwt' },
  typNumber: { typ: 1 },
  encrypted: { enc: 'A128GCM' },
  ctyOther: { cty: 'json' },
  unknown: { jku: 'x', x5c: [1] },
  noAlg: '{"typ":"JWT"}',
  list: '["alg"]',
  broken: '{"alg":"RS256"',
  twice: '{"alg":"none","alg":"RS256"}',
  spaced: ' { "alg" : "RS256" } ',
}

const plain = Object.fromEntries(names.map((alg) => [alg, token(alg, keyOf(alg))]))
const [head, body, sealed] = plain.RS256.split('.')
const nested = (inner, cty) => token('RS256', 'rsa', { header: { cty }, payload: inner })

const tokens = {
  ...plain,
  ...named('rs', payloads, (payload) => token('RS256', 'rsa', { payload })),
  ...named('hs', payloads, (payload) => token('HS256', secret, { payload })),
  ...named('rsHead', headers, (header) => token('RS256', 'rsa', { header })),
  ...named('esHead', headers, (header) => token('ES256', 'p256', { header })),
  ...named('hsHead', headers, (header) => token('HS256', secret, { header })),
  ...named('edHead', headers, (header) => token('EdDSA', 'ed', { header })),
  rs2: token('RS256', 'rsa2'),
  rsSmall: token('RS256', 'small'),
  psNoSalt: token('PS256', 'rsa', { saltLength: 0 }),
  psShort: token('PS256', 'rsa', { saltLength: 20 }),
  psLong: token('PS256', 'rsa', { saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN }),
  es256p384: token('ES256', 'p384'),
  es384p256: token('ES384', 'p256'),
  es512p256: token('ES512', 'p256'),
  esLong: token('ES256', 'p256', { reshape: padded }),
  esCut: token('ES256', 'p256', { reshape: (made) => made.subarray(0, 63) }),
  esZero: token('ES256', 'p256', { reshape: () => Buffer.alloc(64) }),
  esNone: token('ES256', 'p256', { reshape: () => Buffer.alloc(0) }),
  edCut: token('EdDSA', 'ed', { reshape: (made) => made.subarray(1) }),
  rsPadded: token('RS256', 'rsa', { reshape: (made) => Buffer.concat([Buffer.alloc(1), made]) }),
  hsOfPem: token('HS256', keys.rsa.pem),
  hsOfJwk: token('HS256', JSON.stringify(keys.rsa.jwk)),
  hsOfEd: token('HS256', Buffer.from(keys.ed.jwk.x, 'base64url')),
  none: token('none', ''),
  changed: `${head}.${encode({ sub: 'b' })}.${sealed}`,
  otherHead: `${encode({ alg: 'RS256' })}.${body}.${sealed}`,
  nested: nested(plain.RS256, 'JWT'),
  nestedLower: nested(plain.RS256, 'jwt'),
  nestedQuoted: nested(`"${plain.RS256}"`, 'JWT'),
  nestedTwice: nested(nested(plain.RS256, 'JWT'), 'JWT'),
  nestedOther: nested(plain.HS256, 'JWT'),
  nestedBroken: nested('a.b', 'JWT'),
  nestedPlain: nested('{"a":1}', 'JWT'),
  padded: `${pad(head)}.${pad(body)}.${pad(sealed)}`,
  overPadded: `${head}=.${body}.${sealed}`,
  lineEnds: `${head.slice(0, 4)}\r\n${head.slice(4)}.${body}.${sealed}`,
  standard: `${head}.${body}.${sealed.replaceAll('-', '+').replaceAll('_', '/')}`,
  space: `${head} .${body}.${sealed}`,
  two: `${head}.${body}`,
  four: `${head}.${body}.${sealed}.`,
  dots: '..',
  notText: `${head}.${Buffer.from('{"a":"\xff\xe2\x82"}', 'latin1').toString('base64url')}.`,
  letters: 'é.é.é',
  mark: `${head}.${encode('\ufeff{}')}.`,
  looseBits: `${head}.${body}.QR`,
  nothing: '',
}

function padded(made) {
  return Buffer.concat([Buffer.alloc(3), made.subarray(0, 32), Buffer.alloc(3), made.subarray(32)])
}

function pad(part) {
  return part.padEnd(Math.ceil(part.length / 4) * 4, '=')
}

function named(prefix, variants, make) {
  return Object.fromEntries(
    Object.entries(variants).map(([name, variant]) => [`${prefix} ${name}`, make(variant)]),
  )
}

const file = new URL('../test/fixtures/tokens/tokens.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ secret, keys, tokens }, null, 2)}\n`)
