const lengths = [0, 1, 55, 56, 63, 64, 65, 127, 128, 129, 200]
const text = (random) => (random.once(4) ? 'a'.repeat(random.pick(lengths)) : random.text(30))
const other = (random, value) =>
  random.pick([value, value, value.slice(1), `${value} `, value.toUpperCase()])

const digest = {
  count: 60,
  args: (random) => [text(random)],
  fixed: [...lengths.map((length) => ['é'.repeat(length)]), ['\ufeff'], ['\u0000']],
}
const hmac = {
  count: 60,
  args: (random) => [text(random), text(random)],
  fixed: lengths.map((length) => ['m', 'k'.repeat(length)]),
}

export const builtins = {
  'crypto.md5': digest,
  'crypto.sha1': digest,
  'crypto.sha256': digest,
  'crypto.hmac.md5': hmac,
  'crypto.hmac.sha1': hmac,
  'crypto.hmac.sha256': hmac,
  'crypto.hmac.sha512': hmac,
  'crypto.hmac.equal': {
    count: 80,
    args: (random) => {
      const value = text(random)
      return [value, other(random, value)]
    },
    fixed: [
      ['', ''],
      ['é', 'e\u0301'],
      [null, null],
      [1, 1],
    ],
  },
}
