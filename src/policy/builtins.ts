/** Why each builtin cannot be had, in words for policy authors; empty where all of them can. */
export function refusedBuiltins(wanted: readonly string[]): readonly string[] {
  return wanted
    .filter((name) => !offered.has(name))
    .map((name) => {
      const advice = adviceFor(name)
      return advice === undefined ? name : `${name} (${advice})`
    })
}

// Everything else that works is part of the module. What the host's library offers besides is left out: its
// regex.split backtracks without end on hostile text, and its yaml.* throw on hostile documents.
const offered: ReadonlySet<string> = new Set(['json.is_valid', 'sprintf'])

function adviceFor(name: string): string | undefined {
  return adviceByName[name] ?? adviceByFamily.find(([prefix]) => name.startsWith(prefix))?.[1]
}

const adviceByName: Readonly<Record<string, string | undefined>> = {
  'regex.split': 'use split, or regex.find_all_string_submatch_n',
  'regex.find_n': 'use regex.find_all_string_submatch_n',
  'regex.replace': 'return "replace" for texts, or use strings.replace_n',
  'regex.template_match': 'use regex.match',
  'json.patch': 'return "patch", or use object.union and object.remove',
  'object.subset': 'compare the members one by one, or use object.filter',
  'strings.any_prefix_match': 'use some ... in and startswith',
  'strings.any_suffix_match': 'use some ... in and endswith',
  'strings.count': 'use count(split(text, part)) - 1',
  'time.now_ns': 'use input.time_ns',
  'opa.runtime': 'put what is needed into data.json',
  'http.send': 'put what is needed into data.json: a policy has no network',
  'rand.intn': 'a policy decides the same way every time',
  trace: 'remove it',
}

const adviceByFamily: readonly (readonly [prefix: string, advice: string])[] = [
  ['io.jwt.', 'tokens are verified before policy runs: use input.user'],
  ['time.', 'input.time is RFC 3339 in UTC and sorts as text, input.time_ns is a number'],
  ['yaml.', 'use json.unmarshal, or data.json'],
  ['net.lookup', 'a policy has no network'],
]
