import { randomUUID } from 'node:crypto'
import type { StoryClient } from './story-client.js'
import type { Transcript } from './telling.js'

type Chapter = (client: StoryClient) => Promise<unknown>

/** Has a client do everything that the everything server can be asked for. */
export async function tellEverything(client: StoryClient): Promise<Transcript> {
  const transcript: Record<string, unknown> = { greeting: client.greeting }
  for (const [title, chapter] of Object.entries(chapters)) {
    transcript[title] = await outcome(chapter(client))
  }
  return plain(transcript)
}

const otherStream = 'a question on the other stream'
const pageFirst = 'a page before everything else'

/** What a server does in one era only, whoever stands between it and its client. */
export const onlyInOneEra: readonly string[] = [otherStream, pageFirst]

const watched = 'test://watched-resource'
const bigText = 'A text that is long and has “quotes” and \u{1f600}. '.repeat(4000)

const chapters: Record<string, Chapter> = {
  lists: (client) =>
    each({
      tools: client.list('tools'),
      resources: client.list('resources'),
      resourceTemplates: client.list('resourceTemplates'),
      prompts: client.list('prompts'),
    }),
  'content of each kind': (client) =>
    each({
      text: client.call('test_simple_text'),
      image: client.call('test_image_content'),
      audio: client.call('test_audio_content'),
      resource: client.call('test_embedded_resource'),
      several: client.call('test_multiple_content_types'),
      structured: client.call('add', { a: 0.1, b: 0.2 }),
      mirrored: client.call('test_header_parameter', { region: 'Zürich' }),
    }),
  errors: (client) =>
    each({
      failing: client.call('test_error_handling'),
      badArguments: client.call('echo', { text: 1 }),
      unknownTool: client.call('no_such_tool'),
      unknownPrompt: client.get('no_such_prompt'),
      missingArgument: client.get('test_prompt_with_arguments'),
      unknownResource: client.read('test://no-such-resource'),
    }),
  'a big argument': async (client) => {
    const result = await client.call('echo', { text: bigText })
    return JSON.stringify(result).includes(JSON.stringify(bigText).slice(1, -1))
  },
  'metadata that nobody knows': (client) =>
    client.call('echo_meta', {}, { meta: { 'example.org/trace': { deep: [1, 'two', null] } } }),
  resources: (client) =>
    each({
      text: client.read('test://static-text'),
      binary: client.read('test://static-binary'),
      template: client.read('test://template/a%20b/data'),
    }),
  prompts: (client) =>
    each({
      simple: client.get('test_simple_prompt'),
      filledIn: client.get('test_prompt_with_arguments', { arg1: 'one', arg2: 'two' }),
      resource: client.get('test_prompt_with_embedded_resource', { resourceUri: 'test://other' }),
      image: client.get('test_prompt_with_image'),
    }),
  completion: (client) =>
    each({
      prompt: client.complete(
        { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
        { name: 'arg1', value: 'par' },
      ),
      template: client.complete(
        { type: 'ref/resource', uri: 'test://template/{id}/data' },
        { name: 'id', value: '12' },
      ),
    }),
  progress: async (client) => {
    const steps: unknown[] = []
    const onProgress = (step: unknown): void => void steps.push(step)
    const result = await client.call('test_tool_with_progress', {}, { onProgress })
    return { result, steps }
  },
  cancellation: async (client) => {
    const key = randomUUID()
    const abort = new AbortController()
    const onProgress = (): void => abort.abort('Enough')
    const waiting = outcome(client.call('wait', { key }, { onProgress, signal: abort.signal }))
    return { waiting: await waiting, noticed: await client.call('await_given_up', { key }) }
  },
  logging: async (client) => {
    const level = await outcome(client.setLogLevel('info'))
    const result = await client.call('test_tool_with_logging')
    const lines = await client.heard.next(3)
    const filtered = await client.call('test_logging_tool')
    return { level, result, lines, filtered, kept: await client.heard.next(2) }
  },
  elicitation: async (client) => {
    const ask = (message: string) => client.call('test_elicitation', { message })
    return {
      accepted: await outcome(ask('Please accept')),
      declined: await outcome(ask('Please decline')),
      cancelled: await outcome(ask('Please cancel')),
      defaults: await outcome(client.call('test_elicitation_sep1034_defaults')),
      choices: await outcome(client.call('test_elicitation_sep1330_enums')),
      page: await outcome(client.call('elicit_url')),
      asked: await client.asked.next(6),
    }
  },
  'sampling and roots': async (client) => ({
    sampling: await outcome(client.call('test_sampling', { prompt: 'Capital of France?' })),
    roots: await outcome(client.call('test_input_required_result_list_roots')),
    asked: await client.asked.next(2),
  }),
  rounds: async (client) => ({
    several: await outcome(client.call('test_input_required_result_multiple_inputs')),
    severalAsked: inAnyOrder(await client.asked.next(3)),
    ...(client.era === 'modern' && {
      one: await outcome(client.call('test_input_required_result_request_state')),
      two: await outcome(client.call('test_input_required_result_multi_round')),
      prompt: await outcome(client.get('test_input_required_result_prompt')),
      asked: await client.asked.next(4),
    }),
  }),
  changes: async (client) => {
    const watch = await client.watch(watched)
    await client.call('touch_resource', { uri: watched })
    const updated = await client.heard.each('notifications/resources/updated')
    await client.call('touch_resource', { uri: 'test://static-text' })
    await client.call('test_trigger_tool_change')
    await client.call('test_trigger_prompt_change')
    const changed = await client.heard.each(
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
    )
    const ended = await watch.end()
    await client.call('touch_resource', { uri: watched })
    // What comes after the end of a subscription would come before this.
    const after = await client.call('test_simple_text')
    return { agreed: watch.agreed, updated, changed, ended, after }
  },
  'a stream that broke off': (client) => client.call('test_reconnection'),
  [otherStream]: async (client) => {
    if (client.era === 'modern') return 'There is no other stream'
    const result = await client.call('elicit_aside')
    const isRefused = (result as { isError?: boolean }).isError === true
    return { result, asked: isRefused ? [] : await client.asked.next(1) }
  },
  [pageFirst]: (client) => client.call('elicit_url_first'),
}

/** All at once, each with what came of it. */
async function each(attempts: Record<string, Promise<unknown>>): Promise<unknown> {
  const entries = Object.entries(attempts).map(
    async ([title, attempt]) => [title, await outcome(attempt)] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

export async function outcome(attempt: Promise<unknown>): Promise<unknown> {
  try {
    return await attempt
  } catch (thrown) {
    const { message, code, data } = thrown as { message: string; code?: unknown; data?: unknown }
    return { failed: { message, code, data } }
  }
}

function inAnyOrder(items: readonly unknown[]): readonly string[] {
  return items.map((item) => JSON.stringify(item)).sort()
}

export function plain(value: unknown): Transcript {
  return JSON.parse(JSON.stringify(value)) as Transcript
}
