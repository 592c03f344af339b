import { readFileSync } from 'node:fs'
import { raw } from './arguments.mjs'

const { secret, keys, tokens } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/tokens/tokens.json', import.meta.url), 'utf8'),
)

const jwk = (name, rest = {}) => ({ ...keys[name].jwk, ...rest })
const set = (...members) => JSON.stringify({ keys: members })
const without = (members, name) =>
  Object.fromEntries(Object.entries(members).filter(([key]) => key !== name))
const oct = (rest = {}) => ({ kty: 'oct', k: Buffer.from(secret).toString('base64url'), ...rest })
const wide = (text) =>
  Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]).toString('base64url')
const { pem, cert } = keys.rsa

const rsaKeys = [
  pem,
  cert,
  JSON.stringify(jwk('rsa')),
  set(jwk('rsa', { kid: 'a', alg: 'RS256' })),
  set(jwk('rsa', { kid: 'b', alg: 'PS256', use: 'sig' }), jwk('rsa2', { kid: 'a' })),
  set(jwk('rsa2'), jwk('rsa')),
  JSON.stringify(keys.rsa.privateJwk),
]
const ecKeys = [
  keys.p256.pem,
  keys.p384.pem,
  keys.p521.pem,
  keys.p256.cert,
  set(jwk('p256', { kid: 'a' }), jwk('p384', { alg: 'ES384' })),
  set(jwk('p521', { kid: 'a', alg: 'ES512' }), jwk('p256', { kid: 'b', alg: 'ES256' })),
  JSON.stringify(keys.p256.privateJwk),
]
const edKeys = [
  keys.ed.pem,
  keys.ed.cert,
  JSON.stringify(jwk('ed')),
  set(jwk('ed', { kid: 'a', alg: 'EdDSA' })),
  JSON.stringify(keys.ed.privateJwk),
]
const mixedKeys = [
  set(jwk('rsa'), jwk('p256'), jwk('ed'), oct()),
  set(oct({ kid: 'a', alg: 'HS256' })),
  JSON.stringify(oct()),
  set(),
  keys.x25519.pem,
  JSON.stringify(jwk('x25519')),
]

/** Texts that are keys by the skin of their teeth, or are none. */
const oddKeys = [
  '',
  'x',
  '{}',
  '[]',
  'null',
  '{"keys":null}',
  '{"keys":{}}',
  '{"keys":[1]}',
  '{"keys":[],"other":1}',
  `${pem}\n`,
  `${pem} `,
  pem.trim(),
  `before\n${pem}`,
  `before ${pem}`,
  pem.replaceAll('\n', '\r\n'),
  pem.replace('\n', ' \t\n'),
  pem.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY'),
  pem.replace('END PUBLIC', 'END PRIVATE'),
  pem.replace('MI', 'NI'),
  pem.replace('MI', 'M!'),
  pem + pem,
  '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n',
  '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  set(jwk('rsa', { alg: 'XX' })),
  set(jwk('rsa', { alg: '' })),
  set(jwk('rsa', { alg: null })),
  set(jwk('rsa', { alg: 'RSA-OAEP' })),
  set(jwk('rsa', { alg: 'none' })),
  set(jwk('rsa', { alg: 'HS256' })),
  set(jwk('rsa', { alg: 'Ed25519' })),
  set(jwk('rsa', { kid: null })),
  set(jwk('rsa', { kid: 1 })),
  set(jwk('rsa', { e: 'AA' })),
  set(jwk('rsa', { e: 'AQ' })),
  set(jwk('rsa', { e: 'Ag' })),
  set(jwk('rsa', { e: '' })),
  set(jwk('rsa', { e: 'AAEAAQ' })),
  set(jwk('rsa', { e: '_________w' })),
  set(jwk('rsa', { n: 'AA' })),
  set(jwk('rsa', { n: '' })),
  set(jwk('rsa', { n: '!' })),
  set(jwk('rsa', { n: 1 })),
  set(jwk('rsa', { n: wide(keys.rsa.jwk.n) })),
  set(jwk('rsa', { n: Buffer.from(keys.rsa.jwk.n, 'base64url').toString('base64') })),
  set(without(jwk('rsa'), 'e')),
  set(without(jwk('rsa'), 'kty')),
  set(jwk('rsa', { kty: 'rsa' })),
  set(jwk('rsa', { kty: 'DSA' })),
  set(jwk('rsa', { d: 'AA' })),
  set(jwk('rsa', { extra: { a: [1] } })),
  set(jwk('rsa'), jwk('rsa', { kty: 'EC' })),
  set(jwk('small')),
  keys.small.pem,
  set(jwk('p256', { crv: 'P-384' })),
  set(jwk('p256', { crv: 'P-224' })),
  set(jwk('p256', { crv: 'secp256k1' })),
  set(jwk('p256', { crv: 1 })),
  set(jwk('p256', { x: 'AA' })),
  set(jwk('p256', { x: keys.p256.jwk.y })),
  set(jwk('p256', { x: wide(keys.p256.jwk.x) })),
  set(jwk('p256', { d: 'AA' })),
  set(jwk('ed', { crv: 'Ed448' })),
  set(jwk('ed', { crv: 'X25519' })),
  set(jwk('ed', { x: 'AA' })),
  set(jwk('ed', { d: 'AA' })),
  set(oct({ k: '' })),
  set(oct({ k: null })),
  set(without(oct(), 'k')),
  `{"kty":"RSA","kty":"RSA","e":"AQAB","n":"AQAB","n":"${keys.rsa.jwk.n}"}`,
]

const all = Object.values(tokens)
const like = (pattern) =>
  Object.entries(tokens)
    .filter(([name]) => pattern.test(name))
    .map(([, token]) => token)
const keyLike = { rsa: rsaKeys, ec: ecKeys, ed: edKeys }
const kin = {
  rsa: like(
    /^(RS|PS|rs|ps|nested|changed|otherHead|padded|overPadded|lineEnds|standard|space|looseBits)/,
  ),
  ec: like(/^(ES|es)/),
  ed: like(/^(Ed|ed)/),
  hs: like(/^(HS|hs)/),
}

function anyKey(random, kind) {
  if (random.once(8)) return random.pick(mixedKeys)
  if (random.once(12)) return random.pick(oddKeys)
  return random.pick(random.once(10) ? [...rsaKeys, ...ecKeys, ...edKeys] : keyLike[kind])
}

const verifier = (kind, alg) => ({
  count: 70,
  args: (random) => [
    random.once(6) ? random.pick(all) : random.pick(kin[kind]),
    anyKey(random, kind),
  ],
  fixed: [
    ...keyLike[kind].map((key) => [tokens[alg] ?? tokens.EdDSA, key]),
    ...(alg === 'RS256' ? oddKeys.map((key) => [tokens.RS256, key]) : []),
    ...(alg === 'ES256'
      ? [...oddKeys.slice(-20), ...mixedKeys].map((key) => [tokens.ES256, key])
      : []),
    ...(alg === 'PS256' ? like(/^ps/).map((token) => [token, pem]) : []),
  ],
})

const secretVerifier = (alg) => ({
  count: 60,
  fixed: [
    ...Object.values(tokens)
      .filter((token) => token.split('.').length === 3)
      .slice(0, 13),
    ...like(/^hs/),
  ]
    .map((token) => [token, secret])
    .concat([
      [tokens[alg], ''],
      [tokens[alg], 1],
    ]),
  args: (random) => [
    random.once(4) ? random.pick(all) : random.pick(kin.hs),
    random.once(5) ? random.pick([pem, '', JSON.stringify(jwk('rsa')), 'é']) : secret,
  ],
})

const at = raw('1.7e18')
const constraintsOf = (random) => {
  const kind = random.pick(['rsa', 'rsa', 'ec', 'ed', 'hs'])
  const key = kind === 'hs' ? { secret } : { cert: anyKey(random, kind) }
  const rest = Object.entries({
    alg: random.pick(['RS256', 'ES256', 'HS256', 'EdDSA', 'none', '', 'PS256']),
    iss: random.pick(['https://issuer', 'x', '']),
    aud: random.pick(['me', 'you', '', 'x']),
  }).filter(() => random.once(3))
  const time = random.once(6)
    ? random.pick([
        0,
        1n,
        999999999999999999n,
        1000000000000000000n,
        raw('1000000000000000001'),
        1699999999500000000n,
        1699999999499999999n,
        1700000000500000000n,
        raw('1.7000000004e18'),
        4102444800000000000n,
        raw('1e400'),
        -1,
        raw('-0.0'),
        '1',
      ])
    : at
  return [kind, { ...key, ...Object.fromEntries(rest), time }]
}

const usual = { cert: pem, time: at }

export const builtins = {
  'io.jwt.decode': {
    count: 0,
    args: () => [],
    fixed: [
      ...all.map((token) => [token]),
      ...[
        'a',
        '.',
        '.....',
        'e30.e30.',
        'e30.e30.=',
        'e30=.e30=.',
        'e30.e30.A',
        'bnVsbA.e30.',
        'e30.W10.',
        'e30.IA.',
      ].map((token) => [token]),
      [null],
      [1],
      [[]],
    ],
  },
  'io.jwt.verify_rs256': verifier('rsa', 'RS256'),
  'io.jwt.verify_rs384': verifier('rsa', 'RS384'),
  'io.jwt.verify_rs512': verifier('rsa', 'RS512'),
  'io.jwt.verify_ps256': verifier('rsa', 'PS256'),
  'io.jwt.verify_ps384': verifier('rsa', 'PS384'),
  'io.jwt.verify_ps512': verifier('rsa', 'PS512'),
  'io.jwt.verify_es256': verifier('ec', 'ES256'),
  'io.jwt.verify_es384': verifier('ec', 'ES384'),
  'io.jwt.verify_es512': verifier('ec', 'ES512'),
  'io.jwt.verify_eddsa': verifier('ed', 'EdDSA'),
  'io.jwt.verify_hs256': secretVerifier('HS256'),
  'io.jwt.verify_hs384': secretVerifier('HS384'),
  'io.jwt.verify_hs512': secretVerifier('HS512'),
  'io.jwt.decode_verify': {
    count: 400,
    wild: false, // constraints that are not under texts end opa
    args: (random) => {
      const [kind, constraints] = constraintsOf(random)
      return [random.once(6) ? random.pick(all) : random.pick(kin[kind]), constraints]
    },
    fixed: [
      ...like(/^(rs|nested|ps)/).map((token) => [token, usual]),
      ...like(/^hs/).map((token) => [token, { secret, time: at }]),
      ...like(/^hs/).map((token) => [
        token,
        { secret, time: at, aud: 'me', iss: 'https://issuer' },
      ]),
      ...like(/^(es|ES)/).flatMap((token) =>
        [keys.p256.pem, keys.p384.pem].map((cert) => [token, { cert, time: at }]),
      ),
      ...like(/^ed/).map((token) => [token, { cert: keys.ed.pem, time: at }]),
      ...[...rsaKeys, ...mixedKeys].map((cert) => [tokens.RS256, { cert, time: at }]),
      ...ecKeys.map((cert) => [tokens.ES256, { cert, time: at }]),
      ...edKeys.map((cert) => [tokens.EdDSA, { cert, time: at }]),
      ...mixedKeys.flatMap((cert) =>
        ['HS256', 'ES256', 'EdDSA', 'hsOfEd', 'hsOfPem', 'none'].map((name) => [
          tokens[name],
          { cert, time: at },
        ]),
      ),
      ...[
        {},
        { secret: '' },
        { secret, cert: pem },
        { secret: '', cert: pem },
        { cert: null },
        { secret: 1 },
        { secret, alg: 1 },
        { secret, iss: null },
        { secret, aud: ['me'] },
        { secret, kid: 'a' },
        { cert: '' },
        1,
        null,
      ].map((constraints) => [
        tokens.HS256,
        typeof constraints === 'object' && constraints !== null
          ? { time: at, ...constraints }
          : constraints,
      ]),
      ['', usual],
      [1, usual],
    ],
  },
}
