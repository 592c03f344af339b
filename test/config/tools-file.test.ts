import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadStdioConfig } from '../../src/config/load.js'
import { configOf, faultsOf, readerOf, type Given } from './read-settings.js'

function givenOf(text: string): Given {
  return { env: { TOOLS_FILE: 'tools.yaml' }, files: { 'tools.yaml': text } }
}

describe('the file of tools', () => {
  test('says what tools do, in its order', () => {
    const text = [
      'tools:',
      '  - {server: crm, tool: "delete_*", action_class: destructive, dry_run_argument: dryRun}',
      '  - {tool: "*", action_class: unknown}',
    ].join('\n')
    expect(configOf(givenOf(text)).tools).toEqual([
      { server: 'crm', tool: 'delete_*', actionClass: 'destructive', dryRunArgument: 'dryRun' },
      { server: '*', tool: '*', actionClass: 'unknown', dryRunArgument: undefined },
    ])
  })

  test('is JSON as well', () => {
    const text = '{"tools": [{"tool": "a", "dry_run_argument": "dry_run"}]}'
    expect(configOf(givenOf(text)).tools).toMatchObject([{ dryRunArgument: 'dry_run' }])
  })

  test('is read by portcullis stdio too', () => {
    const loaded = loadStdioConfig(
      {
        flags: {},
        env: { TOOLS_FILE: 'tools.yaml' },
        readFile: readerOf({ 'tools.yaml': 'tools: [{tool: a, action_class: read}]' }),
      },
      { name: 'one', command: ['one'] },
    )
    expect(loaded).toMatchObject({ ok: true, config: { tools: [{ tool: 'a' }] } })
  })

  test('left out says nothing', () => {
    expect(configOf({}).tools).toEqual([])
  })

  test('gives every fault at once', () => {
    const text = [
      'tool: []',
      'tools:',
      '  - {tool: a, action_class: mutate}',
      '  - {tools: a, dry_run_argument: ""}',
      '  - {tool: b}',
      '  - nothing',
      '  - {tool: 7, server: [x], action_class: read}',
    ].join('\n')
    const file = 'The file of tools tools.yaml'
    expect(faultsOf(givenOf(text))).toEqual([
      `${file} has tool, which is not read here: remove it; did you mean tools?`,
      `${file}, tools.0: action_class cannot be used: give one of read, write, execute, destructive, unknown`,
      `${file}, tools.1: there is no member "tools"; remove it; did you mean tool?`,
      `${file}, tools.1: dry_run_argument cannot be used: give the name of an argument`,
      `${file}, tools.1: tool is missing: give a name, a glob, or "*" for every tool`,
      `${file}, tools.2: it says nothing of the tool: give action_class, dry_run_argument or both`,
      `${file}, tools.3: give a mapping with "tool"`,
      `${file}, tools.4: tool cannot be used: give a name or a glob such as "delete_*"`,
      `${file}, tools.4: server cannot be used: give a name or a glob such as "delete_*"`,
    ])
  })

  test.each([
    ['an empty file', ''],
    ['no list', 'tools: {tool: a}'],
    ['an empty list', 'tools: []'],
  ])('with %s is told what it has to look like', (_what, text) => {
    expect(faultsOf(givenOf(text))).toEqual([
      'The file of tools tools.yaml has no tools: give {"tools": [{"tool": "delete_*", "action_class": "destructive"}]}',
    ])
  })

  test('that is not there is named', () => {
    expect(faultsOf({ env: { TOOLS_FILE: 'tools.yaml' } })).toEqual([
      'The file of tools tools.yaml cannot be read (ENOENT): there is no such file; check the path',
    ])
  })

  test('is read as the reference page shows it', () => {
    const page = readFileSync(
      new URL('../../docs/reference/configuration.md', import.meta.url),
      'utf8',
    )
    const [, example = ''] = /## What tools do.*?```yaml\n(.*?)```/s.exec(page) ?? []
    expect(parse(example)).toHaveProperty('tools')
    expect(faultsOf(givenOf(example))).toEqual([])
  })
})
