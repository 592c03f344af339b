import type { ResponseMessage } from '../domain/message.js'
import { serverInfoKey, tasksExtension } from '../wire/eras.js'
import { codes, comparableId, errorText, outcomeText } from './messages.js'
import { entriesOf, objectOf, textAt, withMembers } from './object-text.js'

export interface ModernAnswer {
  readonly text: Buffer
  readonly status: number
}

/** A legacy server's response as a modern client reads it. @param id of the client's request */
export function modernResponse(message: ResponseMessage, id: string, method: string): ModernAnswer {
  return message.outcome.type === 'result'
    ? { text: withResult(message, id, method), status: 200 }
    : modernError(message, id, method)
}

function withResult(message: ResponseMessage, id: string, method: string): Buffer {
  const result = withMembers(outcomeText(message), {
    resultType: '"complete"',
    ...(cacheable.has(method) ? uncached : {}),
  })
  return Buffer.from(withMembers(message.text.toString(), { ...idOf(message, id), result }))
}

const uncached = { ttlMs: '0', cacheScope: '"private"' }

const cacheable: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
])

/** The id stays as the server spelled it where it names the request. */
function idOf(message: ResponseMessage, id: string): { id?: string } {
  return comparableId(message.id) === comparableId(id) ? {} : { id }
}

function modernError(message: ResponseMessage, id: string, method: string): ModernAnswer {
  const error = outcomeText(message)
  const { code } = objectOf(error)
  const isGone = code === codes.oldResourceNotFound && method.startsWith('resources/')
  const changes = isGone ? { error: withMembers(error, { code: String(codes.invalidParams) }) } : {}
  const text = Buffer.from(
    withMembers(message.text.toString(), { ...idOf(message, id), ...changes }),
  )
  return { text, status: code === codes.methodNotFound ? 404 : 200 }
}

/** The pages that a legacy server wants its user sent to before it carries the call out (error -32042). */
export function pagesAskedFor(message: ResponseMessage): Readonly<Record<string, string>> {
  const error = outcomeText(message)
  if (message.outcome.type === 'result' || textAt(error, 'code') !== wantsPages) return {}
  const { data } = objectOf(error)
  const pages = objectOf(JSON.stringify(data ?? null))['elicitations']
  if (!Array.isArray(pages)) return {}
  const requests = pages.map((_page, place) => {
    const page = textAt(error, 'data', 'elicitations', String(place))
    const params = withMembers(page, { mode: '"url"', elicitationId: undefined })
    return [`page-${place + 1}`, `{"method":"elicitation/create","params":${params}}`] as const
  })
  return Object.fromEntries(requests)
}

const wantsPages = String(codes.urlElicitationRequired)

/** The result that asks the client before the call is answered. */
export function inputRequired(
  inputRequests: Readonly<Record<string, string>>,
  state: string | undefined,
): string {
  return withMembers(undefined, {
    resultType: '"input_required"',
    inputRequests: withMembers(undefined, inputRequests),
    requestState: state === undefined ? undefined : JSON.stringify(state),
  })
}

/** The error of a server whose client cannot do what the call needs. */
export function lacking(
  id: string,
  requiredCapabilities: Readonly<Record<string, object>>,
): Buffer {
  const names = Object.keys(requiredCapabilities).join(', ')
  const data = JSON.parse(JSON.stringify({ requiredCapabilities })) as Record<string, never>
  return errorText(id, {
    code: codes.missingCapability,
    message: `The client did not declare a capability that this call needs: ${names}`,
    data,
  })
}

/** The result of `initialize` as one of `server/discover`. */
export function discoverResult(opening: string, revisions: readonly string[]): string {
  const capabilities = withMembers(textAt(opening, 'capabilities'), { tasks: undefined })
  const extensions = textAt(capabilities, 'extensions')
  return withMembers(undefined, {
    resultType: '"complete"',
    supportedVersions: JSON.stringify(revisions),
    capabilities:
      extensions === undefined
        ? capabilities
        : withMembers(capabilities, {
            extensions: withMembers(extensions, { [tasksExtension]: undefined }),
          }),
    instructions: textAt(opening, 'instructions'),
    ...uncached,
    _meta: withMembers(undefined, { [serverInfoKey]: textAt(opening, 'serverInfo') }),
  })
}

/** A progress notification under the token of the request that waits now; undefined where it wants none. */
export function withToken(notification: Buffer, token: string | undefined): Buffer | undefined {
  if (token === undefined) return undefined
  const json = notification.toString()
  if (textAt(json, 'params', 'progressToken') === token) return notification
  const params = withMembers(textAt(json, 'params'), { progressToken: token })
  return Buffer.from(withMembers(json, { params }))
}

/** A legacy server's request as an entry of `inputRequests`. */
export function inputRequestOf(method: string, params: string | undefined): string {
  const changes = params === undefined ? {} : { params: withMembers(params, ofTheOlderEra) }
  return withMembers(undefined, { method: JSON.stringify(method), ...changes })
}

const ofTheOlderEra = { elicitationId: undefined, task: undefined }

/** The `inputResponses` of a retry by key, as JSON texts. */
export function responsesIn(params: string | undefined): ReadonlyMap<string, string> {
  return new Map(entriesOf(textAt(params, 'inputResponses')))
}
