import type { Builtins } from './builtin.js'
import { textOfBytes } from './json-value.js'
import { ofTexts } from './text-builtin.js'

/** Bytes as text. Those that are no UTF-8 become U+FFFD, because texts of a module are UTF-8. */
export const encoding: Builtins = {
  'hex.encode': ofTexts(1, 20, (text) => Buffer.from(text).toString('hex')),
  'hex.decode': ofTexts(1, 300, (text) =>
    /^(?:[\da-f]{2})*$/i.test(text) ? textOfBytes(Buffer.from(text, 'hex')) : undefined,
  ),
  'base64url.encode_no_pad': ofTexts(1, 20, (text) => Buffer.from(text).toString('base64url')),
}
