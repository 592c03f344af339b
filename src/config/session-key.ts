/**
 * The bytes of keys that are spelled in hexadecimal digits or base64, with commas or white space between them;
 * undefined where one is neither or short, or where there is none.
 */
export function keysOf(spelled: string): readonly Buffer[] | undefined {
  const keys: Buffer[] = []
  for (const word of spelled.split(/[\s,]+/).filter((text) => text !== '')) {
    const bytes = decodedKey(word)
    if (bytes === undefined || bytes.length < 32) return undefined
    keys.push(bytes)
  }
  return keys.length === 0 ? undefined : keys
}

function decodedKey(spelled: string): Buffer | undefined {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(spelled)) return Buffer.from(spelled, 'hex')
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(spelled) ? Buffer.from(spelled, 'base64') : undefined
}
