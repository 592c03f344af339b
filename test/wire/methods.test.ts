import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { describe, expect, test } from 'vitest'
import { knownMethods, methodRow, type MethodRow } from '../../src/wire/methods.js'

const rows = knownMethods().map((method) => methodRow(method) as MethodRow)

/** As the specifications have them. */
const legacy = {
  requests: [
    'initialize',
    'ping',
    'tools/list',
    'tools/call',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'resources/subscribe',
    'resources/unsubscribe',
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'logging/setLevel',
    'roots/list',
    'sampling/createMessage',
    'elicitation/create',
    'tasks/get',
    'tasks/result',
    'tasks/list',
    'tasks/cancel',
  ],
  notifications: [
    'initialized',
    'cancelled',
    'progress',
    'message',
    'tools/list_changed',
    'prompts/list_changed',
    'resources/list_changed',
    'resources/updated',
    'roots/list_changed',
    'elicitation/complete',
    'tasks/status',
  ],
}
const modern = {
  requests: [
    'server/discover',
    'tools/list',
    'tools/call',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'subscriptions/listen',
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'tasks/get',
    'tasks/update',
    'tasks/cancel',
  ],
  notifications: [
    'cancelled',
    'progress',
    'message',
    'tools/list_changed',
    'prompts/list_changed',
    'resources/list_changed',
    'resources/updated',
    'subscriptions/acknowledged',
    'tasks',
  ],
}

describe('every method of the protocol has a row', () => {
  test.each([
    ['legacy', legacy],
    ['modern', modern],
  ] as const)('of the %s era', (era, { requests, notifications }) => {
    const named = [...requests, ...notifications.map((name) => `notifications/${name}`)]
    const ofEra = rows.filter((row) => row.era === era || row.era === 'both')
    expect(ofEra.map(({ method }) => method).sort()).toEqual(named.sort())
  })

  test('and a method of an extension has none', () => {
    for (const method of [
      'skills/list',
      'skills/get',
      'resources/directory/read',
      'Tools/call',
      ' tools/call',
      '',
    ]) {
      expect(methodRow(method)).toBeUndefined()
    }
  })
})

test('what starts with notifications/ is one, and nothing else is', () => {
  for (const { method, form } of rows) {
    expect(form === 'notification').toBe(method.startsWith('notifications/'))
  }
})

test('names are mirrored where the specification has a header for them', () => {
  const mirrored = rows.filter((row) => row.mirrored !== 'none')
  expect(Object.fromEntries(mirrored.map((row) => [row.method, row.mirrored]))).toEqual({
    'tools/call': 'name',
    'prompts/get': 'name',
    'resources/read': 'uri',
    'tasks/get': 'taskId',
    'tasks/update': 'taskId',
    'tasks/cancel': 'taskId',
  })
})

test('the reference page has the table that the rows give', async () => {
  const path = new URL('../../docs/reference/methods.md', import.meta.url)
  const page = readFileSync(path, 'utf8')
  const place = /(?<=<!-- methods: begin -->\n).*(?=<!-- methods: end -->)/s
  const filled = page.replace(place, () => `\n${tableOf(rows)}\n\n`)
  const options = await resolveConfig(path)
  expect(page).toBe(await format(filled, { ...options, parser: 'markdown' }))
})

function tableOf(all: readonly MethodRow[]): string {
  const head = [
    'method',
    'era',
    'direction',
    'policy sees',
    'a patch may write',
    'shown by',
    'judged as, too',
    'mirrored',
  ]
  const lines = all.map((row) => [
    code(row.method),
    row.era,
    { to_server: 'client → server', to_client: 'server → client', both: 'both' }[row.direction],
    code(row.target),
    writableOf(row),
    codeOrNone(row.listedBy),
    row.method === 'resources/read' ? 'other texts of its URI' : impliedBy[row.implies],
    codeOrNone(row.mirrored),
  ])
  return [head, head.map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

const impliedBy = {
  none: '',
  read: '`resources/read`',
  reference: '`prompts/get`, `resources/read`',
  subscriptions: '`resources/read`',
}

/** What only servers send as a notification is judged when it comes back: then `response` is what may be written. */
function writableOf({ form, direction, writable }: MethodRow): string {
  return code(form === 'notification' && direction === 'to_client' ? 'response' : writable)
}

function codeOrNone(name: string): string {
  return name === 'none' ? '' : code(name)
}

function code(name: string): string {
  return `\`${name}\``
}
