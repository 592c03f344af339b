import type { Builtins } from './builtin.js'
import { crypto } from './crypto.js'
import { encoding } from './encoding.js'
import { glob } from './glob.js'
import { graph } from './graph.js'
import { json } from './json.js'
import { jsonPatch } from './json-patch.js'
import { jwt } from './jwt.js'
import { net } from './net.js'
import { numbers } from './numbers.js'
import { object } from './object.js'
import { regex } from './regex.js'
import { semver } from './semver.js'
import { sprintf } from './sprintf.js'
import { strings } from './strings.js'
import { time } from './time.js'
import { units } from './units.js'
import { uri } from './uri.js'
import { urlquery } from './urlquery.js'
import { uuid } from './uuid.js'

/** Every builtin that the gateway gives a module, besides what is compiled into it. */
export const builtins: Builtins = {
  ...crypto,
  ...encoding,
  ...glob,
  ...graph,
  ...json,
  ...jsonPatch,
  ...jwt,
  ...net,
  ...numbers,
  ...object,
  ...regex,
  ...semver,
  ...sprintf,
  ...strings,
  ...time,
  ...units,
  ...uri,
  ...urlquery,
  ...uuid,
}
