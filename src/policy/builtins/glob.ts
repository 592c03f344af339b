import type { Builtins } from './builtin.js'
import { ofTexts } from './text-builtin.js'

export const glob: Builtins = {
  'glob.quote_meta': ofTexts(1, 100, (text) => text.replace(/[*?\\[\]{}]/g, '\\$&')),
}
