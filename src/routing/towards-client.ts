import type { Era } from '../domain/era.js'
import { GatewayError } from '../domain/errors.js'
import type { Message } from '../domain/message.js'
import { readMessage } from '../wire/message.js'
import { qualifiedId } from './ids.js'
import { qualified } from './names.js'
import { each, rewritten, text, within, type Rule } from './rules.js'
import { qualifiedUri } from './uris.js'

/** A message of one server as a client of several may see it: every name in it says whose it is. */
export type TowardsClient = (message: Message, era: Era) => Buffer

export function createTowardsClient(server: string): TowardsClient {
  const rules = rulesOf(server)
  return (message, era) => {
    const { text } = message
    switch (message.form) {
      case 'response':
        return rewritten(text, rules.response)
      case 'request':
        // These name tasks that the client itself issued.
        return rewritten(text, message.method.startsWith('tasks/') ? rules.asking : rules.request)
      case 'notification':
        return rewritten(text, rules.notification(message.method, era))
    }
  }
}

/** @throws GatewayError `upstream_invalid` */
export function readFromServer(text: Buffer): Message {
  try {
    return readMessage(text)
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    throw new GatewayError('upstream_invalid', thrown.message, { cause: thrown })
  }
}

export const relatedTask = 'io.modelcontextprotocol/related-task'

function rulesOf(server: string) {
  const name = text((bare) => qualified(server, bare))
  const uri = text((bare) => qualifiedUri(server, bare))
  const id: Rule = {
    write: (literal) => (literal === 'null' ? literal : qualifiedId(server, literal)),
  }
  const task = within({ taskId: name })
  const meta = within({ [relatedTask]: task })
  const params = (members: Readonly<Record<string, Rule>>): Rule =>
    within({ params: within({ _meta: meta, ...members }) })
  const result = resultRule({ name, uri, task, meta })
  const notifications: ReadonlyMap<string, Rule> = new Map([
    ['notifications/resources/updated', params({ uri })],
    ['notifications/tasks/status', params({ taskId: name })],
    ['notifications/tasks', params({ taskId: name, result })],
    [
      'notifications/subscriptions/acknowledged',
      params({ notifications: within({ resourceSubscriptions: each(uri), taskIds: each(name) }) }),
    ],
  ])
  const other = params({})
  // What the modern era cancels is the client's own request, a subscription.
  const cancelled = params({ requestId: id })
  return {
    response: within({ result, error: within({ data: within({ uri }) }) }),
    request: within({
      id,
      params: within({ _meta: within({ [relatedTask]: task, progressToken: id }) }),
    }),
    asking: within({ id, params: within({ _meta: within({ progressToken: id }) }) }),
    notification: (method: string, era: Era): Rule =>
      method === 'notifications/cancelled' && era === 'legacy'
        ? cancelled
        : (notifications.get(method) ?? other),
  }
}

/** One rule for results of all methods: a resumed stream does not say which method it answers. */
function resultRule({
  name,
  uri,
  task,
  meta,
}: Readonly<Record<'name' | 'uri' | 'task' | 'meta', Rule>>) {
  const block = within({ uri, resource: within({ uri }) })
  const content = { ...block, ...each(block) }
  const app = within({ ui: within({ resourceUri: uri }), 'ui/resourceUri': uri })
  const members = {
    tools: each(within({ name, _meta: app })),
    prompts: each(within({ name })),
    resources: each(within({ uri })),
    resourceTemplates: each(within({ uriTemplate: uri })),
    content,
    contents: each(within({ uri })),
    messages: each(within({ content })),
    task,
    tasks: each(task),
    taskId: name,
    _meta: meta,
  }
  // A finished task holds the result of its call.
  return within({ ...members, result: within(members) })
}
