import type { RegoValue } from '../rego-value.js'
import type { Builtin, Builtins } from './builtin.js'
import { memberOf } from './json-value.js'
import type { Algorithm, Hash } from './jwt-algorithms.js'
import { base64UrlBytes } from './jwt-base64.js'
import { decodeVerify, decodeVerifyCost } from './jwt-decode-verify.js'
import { keysCost, openKeys, suitableKeys } from './jwt-keys.js'
import { isMac, isSignedBy } from './jwt-signature.js'
import {
  headerOf,
  payloadOf,
  payloadText,
  parametersOf,
  readingCost,
  readToken,
  signedText,
} from './jwt-token.js'
import { asText } from './operands.js'

export const jwt: Builtins = {
  'io.jwt.decode': {
    cost: readingCost,
    call([first]) {
      const text = asText(first)
      return text === undefined ? undefined : decode(text)
    },
  },
  'io.jwt.verify_rs256': publicKeyVerifier({ family: 'rsa', hash: 'sha256' }),
  'io.jwt.verify_rs384': publicKeyVerifier({ family: 'rsa', hash: 'sha384' }),
  'io.jwt.verify_rs512': publicKeyVerifier({ family: 'rsa', hash: 'sha512' }),
  'io.jwt.verify_ps256': publicKeyVerifier({ family: 'rsa-pss', hash: 'sha256' }),
  'io.jwt.verify_ps384': publicKeyVerifier({ family: 'rsa-pss', hash: 'sha384' }),
  'io.jwt.verify_ps512': publicKeyVerifier({ family: 'rsa-pss', hash: 'sha512' }),
  'io.jwt.verify_es256': publicKeyVerifier({ family: 'ec', hash: 'sha256' }),
  'io.jwt.verify_es384': publicKeyVerifier({ family: 'ec', hash: 'sha384' }),
  'io.jwt.verify_es512': publicKeyVerifier({ family: 'ec', hash: 'sha512' }),
  'io.jwt.verify_eddsa': publicKeyVerifier({ family: 'ed25519' }),
  'io.jwt.verify_hs256': secretVerifier('sha256'),
  'io.jwt.verify_hs384': secretVerifier('sha384'),
  'io.jwt.verify_hs512': secretVerifier('sha512'),
  'io.jwt.decode_verify': { cost: decodeVerifyCost, call: decodeVerify },
}

/** Header, payload and signature, nothing verified; of a token within a token, those of the inner one. */
function decode(text: string): RegoValue | undefined {
  const token = readToken(text)
  const header = token === undefined ? undefined : headerOf(token)
  if (token === undefined || header === undefined) return undefined
  const cty = memberOf(header, 'cty') ?? ''
  if (typeof cty !== 'string') return undefined
  if (cty === 'JWT') {
    const inner = payloadText(token)
    return inner === undefined ? undefined : decode(withoutQuotes(inner))
  }
  const payload = payloadOf(token)
  const signature = base64UrlBytes(token.signature)
  if (payload === undefined || signature === undefined) return undefined
  return [header, payload, signature.toString('hex')]
}

function withoutQuotes(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && `"'`.includes(text.charAt(start))) start += 1
  while (end > start && `"'`.includes(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** With the one algorithm of the builtin, whatever the token's header asks for. */
function publicKeyVerifier(algorithm: Algorithm): Builtin {
  return {
    cost: (bytes, [, keys]) => readingCost(bytes) + keysCost(asText(keys) ?? ''),
    call([first, second]) {
      const text = asText(first)
      const token = text === undefined ? undefined : readToken(text)
      const keys = openKeys(asText(second) ?? '')
      if (token === undefined || keys === undefined) return undefined
      const header = headerOf(token)
      const parameters = header === undefined ? undefined : parametersOf(header)
      const signature = base64UrlBytes(token.signature)
      if (parameters === undefined || signature === undefined) return undefined
      return suitableKeys(keys, parameters).some((key) =>
        isSignedBy(key, algorithm, signedText(token), signature, 'lenient'),
      )
    },
  }
}

function secretVerifier(hash: Hash): Builtin {
  return {
    cost: readingCost,
    call([first, second]) {
      const text = asText(first)
      const secret = asText(second)
      const token = text === undefined ? undefined : readToken(text)
      const signature = token === undefined ? undefined : base64UrlBytes(token.signature)
      if (token === undefined || secret === undefined || signature === undefined) return undefined
      return isMac(secret, hash, signedText(token), signature)
    },
  }
}
