/** The bytes of a key that is spelled in hexadecimal digits or base64; undefined where it is neither or short. */
export function keyBytes(spelled: string): Buffer | undefined {
  const bytes = decodedKey(spelled)
  return bytes !== undefined && bytes.length >= 32 ? bytes : undefined
}

function decodedKey(spelled: string): Buffer | undefined {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(spelled)) return Buffer.from(spelled, 'hex')
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(spelled) ? Buffer.from(spelled, 'base64') : undefined
}
