import { builtins } from './builtins/offered.js'

/** Why each builtin cannot be had, in words for policy authors; empty where all of them can. */
export function refusedBuiltins(wanted: readonly string[]): readonly string[] {
  return wanted
    .filter((name) => !Object.hasOwn(builtins, name))
    .map((name) => {
      const advice = adviceFor(name)
      return advice === undefined ? name : `${name} (${advice})`
    })
}

function adviceFor(name: string): string | undefined {
  const own = Object.hasOwn(adviceByName, name) ? adviceByName[name] : undefined
  return own ?? adviceByFamily.find(([prefix]) => name.startsWith(prefix))?.[1]
}

const adviceByName: Readonly<Record<string, string | undefined>> = {
  'regex.globs_match': 'use glob.match',
  'strings.render_template': 'use sprintf, or a text such as $"Hello {input.user.name}"',
  'opa.runtime': 'put what is needed into data.json',
  'http.send': 'put what is needed into data.json: a policy has no network',
  'rand.intn': 'a policy decides the same way every time',
  trace: 'remove it',
  'io.jwt.encode_sign': 'a policy signs nothing',
  'io.jwt.encode_sign_raw': 'a policy signs nothing',
  'json.match_schema': 'check the members one by one',
  'json.verify_schema': 'check the members one by one',
}

const adviceByFamily: readonly (readonly [prefix: string, advice: string])[] = [
  ['yaml.', 'use json.unmarshal, or data.json'],
  ['net.lookup', 'a policy has no network'],
  ['graphql.', 'put what is needed into the arguments or into data.json'],
  ['rego.', 'a policy cannot read policies'],
  ['crypto.parse_private_keys', 'a policy holds no secrets'],
  ['crypto.x509.', 'check certificates where they are presented'],
  ['providers.', 'a policy signs nothing'],
]
