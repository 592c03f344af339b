import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Builtin, Builtins } from './builtin.js'
import { asText } from './operands.js'

export const crypto: Builtins = {
  'crypto.md5': digest('md5'),
  'crypto.sha1': digest('sha1'),
  'crypto.sha256': digest('sha256'),
  'crypto.hmac.md5': hmac('md5'),
  'crypto.hmac.sha1': hmac('sha1'),
  'crypto.hmac.sha256': hmac('sha256'),
  'crypto.hmac.sha512': hmac('sha512'),
  'crypto.hmac.equal': {
    cost: hashing,
    call([first, second]) {
      const left = asText(first)
      const right = asText(second)
      return left === undefined || right === undefined ? undefined : sameBytes(left, right)
    },
  },
}

/** What it takes to hash so many bytes once, nanoseconds. */
function hashing(bytes: number): number {
  return 8_000 + bytes * 4
}

function digest(algorithm: string): Builtin {
  return {
    cost: hashing,
    call([first]) {
      const text = asText(first)
      return text === undefined ? undefined : createHash(algorithm).update(text).digest('hex')
    },
  }
}

function hmac(algorithm: string): Builtin {
  return {
    cost: hashing,
    call([first, second]) {
      const message = asText(first)
      const key = asText(second)
      if (message === undefined || key === undefined) return undefined
      return createHmac(algorithm, key).update(message).digest('hex')
    },
  }
}

function sameBytes(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
