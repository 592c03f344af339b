import { describe, expect, test } from 'vitest'
import { faultsOf, rule } from './reading.js'

const deny = 'effect: deny'

describe('the form of a file', () => {
  test.each([
    ['an empty file', '# nothing\n', '1:1: the file is empty: write rules, or remove it'],
    ['a list', '- a', '1:1: write a mapping, not a list'],
    [
      'a file that says nothing',
      'version: 1',
      '1:1: the file has no rules: write "rules", "policies" or "default"',
    ],
    ['another version', 'version: 2\nrules: []', '1:1: version: write 1'],
    ['a version in quotes', 'version: "1"\nrules: []', '1:1: version: write 1 without quotes'],
    [
      'a merge key',
      `rules:\n  - &a { id: a, ${deny} }\n  - { <<: *a, id: b, ${deny} }\n`,
      '3:7: rules.1.<<: there is no such key here: write out what is to be merged',
    ],
    [
      'broken YAML',
      'rules: [',
      '1:9: is no YAML: check the indentation, and that brackets are closed',
    ],
    ['a key that stands twice', 'rules: []\nrules: []', '2:1: the key stands twice: keep one'],
    [
      'two documents',
      'rules: []\n---\nrules: []',
      '2:1: a second document (---) begins: give it a file of its own',
    ],
    [
      'a condition with ! and without quotes',
      rule(`when: !has(user.a) && x\n${deny}`),
      '3:11: a text that begins with ! needs quotes',
    ],
    [
      'a glob without quotes',
      rule(`match: { tool: *_pay }\n${deny}`),
      '3:20: a text that begins with * needs quotes; an alias needs an anchor (&name) before it',
    ],
    [
      'a star without quotes',
      rule(`match: { tool: * }\n${deny}`),
      '3:20: a text that begins with * needs quotes; an alias needs an anchor (&name) before it',
    ],
    [
      'a reason with a colon and without quotes',
      rule(`${deny}\nreason: no: never`),
      '4:13: a text with a colon and a blank in it needs quotes; if it is none, check the indentation',
    ],
    [
      'a key without a colon',
      rule('effect deny\nreason: no'),
      '3:5: is no YAML: a key needs a colon and a blank behind it',
    ],
    [
      'a colon without a blank',
      rule('effect:deny'),
      '3:5: is no YAML: a key needs a colon and a blank behind it',
    ],
    [
      'a line that is indented too little',
      'rules:\n  - id: a\n   effect: deny\n',
      '3:1: is no YAML: the line has to begin where the one before it begins',
    ],
    ['a quote that is not closed', 'rules: "a', '1:10: is no YAML: a quote is not closed'],
    [
      'rules that are no list',
      'rules: {a: b}',
      '1:1: rules: write a list, each item behind "- ", not a mapping',
    ],
    [
      'rules that are nothing',
      'rules:',
      '1:1: rules: write a list, each item behind "- ", not nothing',
    ],
    ['an unknown key', 'rule: []', '1:1: rule: there is no such key here; did you mean rules?'],
    ['a key of another product', 'mxcp: 1\nrules: []', '1:1: mxcp: there is no such key here'],
    [
      'an unknown mode',
      'mode: shadow\nrules: []',
      '1:1: mode: write one of enforce, warn, audit-only',
    ],
    ['an unknown default', 'default: denied', '1:1: default: write one of allow, deny'],
    [
      'a member of the scope that is none',
      'scope: {tols: a}\nrules: []',
      '1:9: scope.tols: there is no such key here; did you mean tool?',
    ],
    [
      'a scope that no name fits',
      'scope: {tool: "[ab]"}\nrules: []',
      '1:9: scope.tool: has "[", which stands for itself here: only * is special, and lists are written as [a, b]',
    ],
    [
      'a tool that is a glob',
      'tool: {name: "a*"}',
      '1:8: tool.name: is a name and no glob: write scope: {tool: …} instead of "tool"',
    ],
    [
      'a tool twice',
      'scope: {tool: a}\ntool: {name: a}',
      '1:9: scope.tool: the file is about the tool of "tool" already',
    ],
    ['a tool without a name', 'tool: {policies: {}}', '1:1: tool.name: is missing'],
    [
      'policies twice',
      'tool: {name: a, policies: {}}\npolicies: {}',
      '2:1: policies: stands in "tool" as well: write one list',
    ],
    [
      'a test that is none',
      'tests: [{name: n, result_contain: a}]',
      '1:19: tests.0.result_contain: there is no such key here; did you mean result_contains?',
    ],
    [
      'a number that no double holds',
      rule('effect: ask\nask: {most: 12345678901234567890}'),
      '4:17: a number of this size would not stay exact: write a smaller one, or a text',
    ],
  ])('%s is a fault', (_what, text, fault) => {
    const [first] = faultsOf(text)
    expect(first).toBe(`rules/hr.yaml:${fault}`)
  })

  test('a file that is not UTF-8, or too large, is a fault', () => {
    expect(faultsOf({ a: 'é'.repeat(4_200_000) })).toEqual([
      'a:1:1: the file has 8400000 bytes, over the limit of 8388608: split it',
    ])
  })

  test('what is nested too deep, or stands for too much, is a fault', () => {
    const bomb = [
      'a: &a0 [x, x]',
      ...Array.from({ length: 30 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}]`),
    ]
    expect(faultsOf(bomb.join('\n'))).toEqual([
      'rules/hr.yaml:1:1: the aliases (*name) stand for too much: write it out',
    ])
    expect(faultsOf(`rules: ${'['.repeat(20_000)}`)).toHaveLength(1)
    expect(faultsOf(`rules: ${'['.repeat(5000)}${']'.repeat(5000)}`)).not.toEqual([])
  })

  test('keys that JavaScript has for itself are keys like others', () => {
    expect(faultsOf('__proto__: {rules: []}\nrules: []')).toEqual([
      'rules/hr.yaml:1:1: __proto__: there is no such key here',
    ])
    expect(faultsOf(rule(`${deny}\nlabels: {constructor: a, __proto__: b}`))).toEqual([])
  })
})

describe('the members of a rule', () => {
  test.each([
    ['no id', 'rules: [{effect: deny}]', '1:9: rules.0.id: is missing'],
    [
      'an id with blanks',
      'rules: [{id: "a b", effect: deny}]',
      '1:10: rules.0.id: an id has letters, digits and . _ / - only, at most 128 of them',
    ],
    [
      'a number as id',
      'rules: [{id: 5, effect: deny}]',
      '1:10: rules.0.id: write a text, not 5 (quote it to make it a text)',
    ],
    ['no effect', rule('reason: a'), '2:5: rules.0.effect: is missing'],
    [
      'an unknown effect',
      rule('effect: denny'),
      '3:5: rules.0.effect: write one of deny, ask, dry_run, allow, warn, audit, filter_fields, filter_sensitive, mask_fields, replace, patch; did you mean deny?',
    ],
    ['a rule that is a text', 'rules: [deny]', '1:9: rules.0: write a mapping, not a text'],
    [
      'a misspelt key',
      rule(`${deny}\nreson: a`),
      '4:5: rules.0.reson: there is no such key here; did you mean reason?',
    ],
    [
      'the short form’s condition',
      rule(`${deny}\ncondition: "true"`),
      '4:5: rules.0.condition: there is no such key here: in "rules" it is called "when"',
    ],
    [
      'a matcher outside of match',
      rule(`${deny}\ntool: a`),
      '4:5: rules.0.tool: there is no such key here: it stands in "match", further to the right',
    ],
    [
      'a priority',
      rule(`${deny}\npriority: 1`),
      '4:5: rules.0.priority: there is no such key here: the strictest effect wins, whatever the order',
    ],
    [
      'a key in match',
      rule(`match: {tools: a}\n${deny}`),
      '3:13: rules.0.match.tools: there is no such key here; did you mean tool?',
    ],
    [
      'an empty match',
      rule(`match: {}\n${deny}`),
      '3:5: rules.0.match: says nothing: leave it out, or name what the rule is about',
    ],
    [
      'an empty list of tools',
      rule(`match: {tool: []}\n${deny}`),
      '3:13: rules.0.match.tool: an empty list says nothing',
    ],
    [
      'an empty tool',
      rule(`match: {tool: ""}\n${deny}`),
      '3:13: rules.0.match.tool: an empty text says nothing',
    ],
    [
      'a tool that is a number',
      rule(`match: {tool: 5}\n${deny}`),
      '3:13: rules.0.match.tool: write a text or a list of texts',
    ],
    [
      'a list with a number',
      rule(`match: {tool: [a, 5]}\n${deny}`),
      '3:23: rules.0.match.tool.1: write a text, not 5 (quote it to make it a text)',
    ],
    [
      'a tool with a regular expression',
      rule(`match: {tool: "a|b"}\n${deny}`),
      '3:13: rules.0.match.tool: has "|", which stands for itself here: only * is special, and lists are written as [a, b]',
    ],
    [
      'a matcher with blanks around',
      rule(`match: {user: "a "}\n${deny}`),
      '3:13: rules.0.match.user: begins or ends with a blank, which no name does',
    ],
    [
      'an unknown kind',
      rule(`match: {kind: tool/call}\n${deny}`),
      '3:13: rules.0.match.kind: there is no method "tool/call"; did you mean tools/call?',
    ],
    [
      'an unknown hook',
      rule(`match: {hook: list}\n${deny}`),
      '3:13: rules.0.match.hook: write one of pre, post; did you mean post?',
    ],
    [
      'an unknown action class',
      rule(`match: {action_class: wirte}\n${deny}`),
      '3:13: rules.0.match.action_class: write one of read, write, execute, destructive, unknown; did you mean write?',
    ],
    [
      'a tool of a prompt',
      rule(`match: {kind: prompts/get, tool: a}\n${deny}`),
      '3:32: rules.0.match.tool: prompts/get has no tool: the rule never fits',
    ],
    [
      'a tool and a prompt',
      rule(`match: {tool: a, prompt: b}\n${deny}`),
      '3:22: rules.0.match.prompt: what has a tool has no prompt: write two rules',
    ],
    [
      'a condition that is no text',
      rule(`when: true\n${deny}`),
      '3:5: rules.0.when: write a text, not true (quote it to make it a text)',
    ],
    [
      'an empty condition',
      rule(`when: ""\n${deny}`),
      '3:5: rules.0.when: an empty text says nothing',
    ],
    [
      'a label that is a list',
      rule(`${deny}\nlabels: {a: [b]}`),
      '4:14: rules.0.labels.a: a label is a text, a number, true or false',
    ],
    [
      'a mode that is none',
      rule(`${deny}\nmode: "off"`),
      '4:5: rules.0.mode: write one of enforce, warn, audit-only',
    ],
    [
      'a short rule without a condition',
      'policies: {input: [{action: deny}]}',
      '1:20: policies.input.0.condition: is missing',
    ],
    [
      'a short rule with a matcher',
      'policies: {input: [{condition: "true", action: deny, match: {tool: a}}]}',
      '1:54: policies.input.0.match: there is no such key here: rules with a "match" stand under "rules"',
    ],
    [
      'a short rule in the words of the long',
      'policies: {input: [{when: "true", effect: deny}]}',
      '1:20: policies.input.0.condition: is missing',
    ],
  ])('%s is a fault', (_what, text, fault) => {
    expect(faultsOf(text)[0]).toBe(`rules/hr.yaml:${fault}`)
  })
})

describe('what belongs to an effect', () => {
  test.each([
    [
      'fields of a denial',
      `${deny}\nfields: [a]`,
      '4:5: rules.0.fields: belongs to filter_fields, mask_fields, not to deny',
    ],
    [
      'a code of an allow',
      'effect: allow\ncode: policy_deny',
      '4:5: rules.0.code: belongs to deny, not to allow',
    ],
    [
      'a mask of a filter',
      'effect: filter_fields\nfields: [a]\nmask: x',
      '5:5: rules.0.mask: belongs to mask_fields, not to filter_fields',
    ],
    ['terms of a denial', `${deny}\nask: {a: b}`, '4:5: rules.0.ask: belongs to ask, not to deny'],
    [
      'on_missing of a warning',
      'effect: warn\non_missing: deny',
      '4:5: rules.0.on_missing: belongs to filter_fields, filter_sensitive, mask_fields, not to warn',
    ],
    [
      'a filter without fields',
      'effect: filter_fields',
      '3:5: rules.0.effect: filter_fields needs "fields"',
    ],
    ['a replace without a list', 'effect: replace', '3:5: rules.0.effect: replace needs "replace"'],
    ['a patch without one', 'effect: patch', '3:5: rules.0.effect: patch needs "patch"'],
    [
      'an unknown code',
      `${deny}\ncode: forbidden`,
      '4:5: rules.0.code: write one of policy_deny, validation_failed, rate_limited',
    ],
    [
      'retry_after without a limit',
      `${deny}\nretry_after: 5`,
      '4:5: rules.0.retry_after: goes with code: rate_limited',
    ],
    [
      'a negative retry_after',
      `${deny}\ncode: rate_limited\nretry_after: -1`,
      '5:5: rules.0.retry_after: write 0 or more',
    ],
    [
      'a bad path',
      'effect: filter_fields\nfields: [ok, a..b]',
      '4:18: rules.0.fields.1: Field path "a..b", character 2: a step is empty',
    ],
    [
      'a path of JSONPath',
      'effect: filter_fields\nfields: [$.a]',
      '4:14: rules.0.fields.0: Field path "$.a", character 1: a name has letters, digits and _ $ @ - only; quote any other: "bank account"',
    ],
    [
      'a path of arguments in a result',
      'effect: filter_fields\nfields: [args.a]',
      '4:14: rules.0.fields.0: args.a was sent before the result came: say match.hook: pre, or write it under "input"',
    ],
    [
      'a path of a result in a call',
      'match: {hook: pre}\neffect: filter_fields\nfields: [response.a]',
      '5:14: rules.0.fields.0: response.a is not there before the call: only args can be changed then',
    ],
    [
      'what is sensitive in a call',
      'match: {hook: pre}\neffect: filter_sensitive',
      '4:5: rules.0.effect: an output schema is about results: leave match.hook out',
    ],
    [
      'a bad style',
      'effect: mask_fields\nfields: [a]\nmask: {style: stars}',
      '5:12: rules.0.mask.style: write one of full, partial, hash, email, preserve_type',
    ],
    [
      'a member of another style',
      'effect: mask_fields\nfields: [a]\nmask: {style: email, keep: 2}',
      '5:5: rules.0.mask: mask has an unknown member "keep"',
    ],
    [
      'a bad pattern',
      `effect: replace\nreplace: [{path: a, pattern: '(?=a)', with: b}]`,
      /^4:25: rules\.0\.replace\.0\.pattern: pattern is not RE2: .*RE2 has no look-around/,
    ],
    [
      'patterns that repeat too much',
      `effect: replace\nreplace:${"\n  - {path: a, pattern: 'a{999}', with: b}".repeat(30)}`,
      /^\d+:9: rules\.0\.replace\.\d+: the patterns up to here repeat too much/,
    ],
    [
      'a long replacement',
      `effect: replace\nreplace: [{path: a, pattern: a, with: ${'b'.repeat(1025)}}]`,
      '4:37: rules.0.replace.0.with: is too long: at most 1024 characters',
    ],
    [
      'a patch of a result before the call',
      'match: {hook: pre}\neffect: patch\npatch: {response: {}}',
      '5:5: rules.0.patch: at pre a patch writes args or params',
    ],
    [
      'a patch of the response and the call',
      'effect: patch\npatch: {response: {a: 1}, args: {a: 1}}',
      '4:5: rules.0.patch: patch has an unknown member "args"',
    ],
    [
      'a patch of nothing known',
      'match: {tool: t}\neffect: patch\npatch: {arguments: {a: 1}}',
      '5:5: rules.0.patch: at pre a patch writes args or params',
    ],
    [
      'a patch of arguments of every call',
      'effect: patch\npatch: {args: {a: 1}}',
      '3:5: rules.0.effect: only tools/call and prompts/get have arguments: name one of them in match.kind',
    ],
    [
      'a patch of params of a tool',
      'match: {tool: t}\neffect: patch\npatch: {params: {a: 1}}',
      '4:5: rules.0.effect: params can be patched where match.kind names methods without arguments',
    ],
    [
      'a patch with a number that JSON does not have',
      'match: {tool: t}\neffect: patch\npatch: {args: {a: .inf}}',
      '5:5: rules.0.patch: has a number that JSON does not have',
    ],
    [
      'a bad operation',
      'match: {tool: t}\neffect: patch\npatch: [{op: put, path: /args/a}]',
      '5:5: rules.0.patch: patch[0].op must be one of add, remove, replace, move, copy, test',
    ],
    [
      'an approval of a result',
      'match: {hook: post}\neffect: ask',
      '4:5: rules.0.effect: ask decides before the call is sent, and this rule runs when its result is there',
    ],
    [
      'a dry run that reads the response',
      'when: "has(response.a)"\neffect: dry_run',
      '4:5: rules.0.effect: dry_run decides before the call is sent, and this rule runs when its result is there',
    ],
    [
      'a filter of arguments of resources',
      'match: {hook: pre, kind: resources/read}\neffect: filter_fields\nfields: [a]',
      '4:5: rules.0.effect: only tools/call and prompts/get have arguments: name one of them in match.kind',
    ],
  ])('%s is a fault', (_what, members, fault) => {
    const [first, ...others] = faultsOf(rule(members))
    expect(others).toEqual([])
    if (typeof fault === 'string') expect(first).toBe(`rules/hr.yaml:${fault}`)
    else expect(first?.replace(/^rules\/hr\.yaml:/, '')).toMatch(fault)
  })
})

describe('a condition', () => {
  test.each([
    ['a syntax error', 'when: user.a ==', '3:18'],
    ['a plain text', 'when: user.a == 1 && bad(2)', '3:26'],
    ['a text in double quotes', 'when: "user.a == \\"x\\" && bad(2)"', '3:31'],
    [
      'a text in double quotes with escapes',
      String.raw`when: "user.a == '\u0041\x41' && bad(2)"`,
      '3:38',
    ],
    ['a text in single quotes', "when: 'user.a == ''x'' && bad(2)'", '3:31'],
    ['a block', 'when: |\n  user.a == 1 &&\n\n  bad(2)', '6:7'],
    [
      'a block with a comment and an indent',
      'when: |2-  # why\n    user.a == 1 &&\n  bad(2)',
      '5:7',
    ],
    ['a folded block', 'when: >-\n  user.a == 1 &&\n  bad(2)', '5:7'],
    ['a plain text of several lines', 'when: user.a == 1 &&\n  bad(2)', '4:7'],
    ['a quoted text of several lines', 'when: "user.a == 1 &&\\\n  \\ bad(2)"', '4:9'],
  ])('that is wrong in %s is a fault at its place', (_where, when, place) => {
    const [fault, ...others] = faultsOf(rule(`${when}\n${deny}`))
    expect(others).toEqual([])
    expect(fault?.startsWith(`rules/hr.yaml:${place}`)).toBe(true)
    expect(fault).toContain(': rules.0.when: ')
  })

  test.each([
    ['a text', `"'a'"`],
    ['a number', '1 + 1'],
    ['a list', '"[user.a]"'],
  ])('that gives %s is a fault', (_what, when) => {
    expect(faultsOf(rule(`when: ${when}\n${deny}`))).toEqual([
      expect.stringMatching(/^rules\/hr\.yaml:3:\d+: rules\.0\.when: .+/),
    ])
  })

  test('that reads the response before the call is a fault', () => {
    const when = 'when: "has(response.error)"'
    expect(faultsOf(rule(`match: {hook: pre}\n${when}\n${deny}`))).toEqual([
      'rules/hr.yaml:4:5: rules.0.when: before a call there is no response to read: say match.hook: post',
    ])
    expect(faultsOf('policies: {input: [{condition: has(response.error), action: deny}]}')).toEqual(
      [
        'rules/hr.yaml:1:21: policies.input.0.condition: before a call there is no response to read: write it under "output"',
      ],
    )
  })

  test('that several rules have is reported for each', () => {
    const text =
      'rules:\n  - {id: a, effect: deny, when: "bad("}\n  - {id: b, effect: deny, when: "bad("}\n'
    expect(faultsOf(text).map((line) => line.split(':')[1])).toEqual(['2', '3'])
  })
})

describe('all faults', () => {
  test('are told at once, in the order in which they stand', () => {
    const files = {
      'rules/b.yaml':
        'rules:\n  - {id: x, effect: denny}\n  - {id: y, effect: allow, when: "bad("}\n',
      'rules/a.yaml': 'mode: of\nrules:\n  - {id: z, effect: deny, fields: [a], when: "bad("}\n',
    }
    expect(faultsOf(files).map((line) => line.replace(/: .*/, ''))).toEqual([
      'rules/a.yaml:1:1',
      'rules/a.yaml:3:27',
      'rules/a.yaml:3:50',
      'rules/b.yaml:2:13',
      'rules/b.yaml:3:38',
    ])
  })

  test('of one rule are told at once, whether or not its condition can be read', () => {
    const members = 'effect: mask_fields\nfields: [a..b]\nmask: { style: stars }'
    const patch =
      'match: { tool: "[ab]" }\nwhen: "$a =="\neffect: patch\npatch: { args: { a: .inf } }'
    const places = (text: string) => faultsOf(text).map((line) => line.split(' ')[1])
    expect(places(rule(`when: "a ="\n${members}`))).toEqual([
      'rules.0.when:',
      'rules.0.fields.0:',
      'rules.0.mask.style:',
    ])
    expect(places(rule(patch))).toEqual(['rules.0.match.tool:', 'rules.0.when:', 'rules.0.patch:'])
  })

  test('of the members of one rule are told at once', () => {
    const faults = faultsOf(rule('effect: denny\nreson: a\nwhen: "bad("'))
    expect(faults.map((line) => line.replace(/.*rules\.0\.(\w+).*/, '$1'))).toEqual([
      'effect',
      'reson',
      'when',
    ])
  })

  test('are twenty at most', () => {
    const rules = Array.from({ length: 30 }, (_, index) => `  - {id: r${index}, effect: no}\n`)
    const faults = faultsOf(`rules:\n${rules.join('')}`)
    expect(faults).toHaveLength(21)
    expect(faults[20]).toBe('and 10 more')
  })

  test('include ids that are taken, in whichever file', () => {
    const files = {
      'rules/a.yaml': 'rules:\n  - {id: x, effect: deny}\n  - {id: x, effect: allow}\n',
      'rules/b.yaml': 'rules:\n  - {id: x, effect: deny}\n',
    }
    expect(faultsOf(files)).toEqual(
      [
        'rules/a.yaml:3:6: rules.0.id: "x" is taken by the rule of rules/a.yaml:2:5',
        'rules/b.yaml:2:6: rules.0.id: "x" is taken by the rule of rules/a.yaml:2:5',
      ].map((line, index) => (index === 0 ? line.replace('rules.0', 'rules.1') : line)),
    )
  })

  test('include more rules than a set may have', () => {
    const many = `rules: [${'0,'.repeat(20_000)}]`
    expect(faultsOf({ 'rules/a.yaml': rule(deny), 'rules/b.yaml': many })[0]).toBe(
      'rules/b.yaml:1:1: with this file there are more than 20,000 rules',
    )
  })

  test('include schemas that are none', () => {
    const text = rule(deny)
    expect(faultsOf(text, { t: '[1]' })).toEqual([
      'schemas/t.json:1:1: is no JSON object: write the output schema of the tool',
    ])
    expect(faultsOf(text, { t: 'type: object' })).toHaveLength(1)
    expect(faultsOf(text, { t: '{"type": "object",\n "type": "string"}' })).toEqual([
      'schemas/t.json:2:2: the key stands twice: keep one',
    ])
  })
})
