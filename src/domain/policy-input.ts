import type { ActionClass } from './action-class.js'
import type { Call, Headers } from './call.js'
import type { Hook } from './decision.js'
import { identifiesCaller } from './header-names.js'
import type { Span } from './json.js'
import type { Operation } from './operation.js'
import { anonymous, type Principal } from './principal.js'

/** What policy is asked: the document of contract section 3, as text that was validated before. */
export interface PolicyInput {
  readonly hook: Hook
  readonly call: Call
  /** The only clock that policy has: milliseconds since the epoch, as the document says it. */
  readonly time: number
  /** What the called tool does, as far as it is known; `unknown` for whatever is no tool. */
  readonly actionClass: ActionClass
  /** UTF-8 JSON; arguments and responses are spans of the message's own bytes. */
  readonly document: Buffer
}

/** Which request headers policy sees: all but credentials, or of those only the ones named (lower case). */
export type InputHeaders = 'all' | readonly string[]

/** The result or error of a response: a span of its message's text, which was validated before. */
export interface JudgedResponse {
  readonly text: Buffer
  readonly span: Span
  readonly isError: boolean
}

/** The items of one page of a list: the span of the array in its message's text, which was validated before. */
export interface JudgedItems {
  readonly text: Buffer
  readonly span: Span
}

/** What changes from hook to hook of one call. `time` is milliseconds since the epoch. */
export interface Moment {
  readonly hook: Hook
  readonly time: number
  readonly response?: JudgedResponse | undefined
  /** At `list`. */
  readonly items?: JudgedItems | undefined
}

/** The part of the document that all hooks of one call share. */
export interface CallDescription {
  readonly call: Call
  /** The document without its closing brace. */
  readonly text: Buffer
  readonly timeText: (time: number) => string
  readonly actionClass: ActionClass
}

export function policyInput(
  parts: Moment & { readonly call: Call; readonly inputHeaders: InputHeaders },
): PolicyInput {
  return inputAt(createCallDescriber(parts.inputHeaders)(parts.call), parts)
}

/** What policy is told of a tool beside its name. */
export interface ToolFacts {
  /** Its annotations as JSON text, `{}` where none are known or none of the server's are believed. */
  readonly annotations: string
  readonly actionClass: ActionClass
}

/** Asked once a call. */
export type ToolFactsOf = (server: string, tool: string) => ToolFacts

const nothingKnown: ToolFacts = { annotations: '{}', actionClass: 'unknown' }

/** Describes calls as policy sees them; which headers that are is settled once for each name. */
export function createCallDescriber(
  inputHeaders: InputHeaders,
  factsOf: ToolFactsOf = () => nothingKnown,
): (call: Call) => CallDescription {
  const headersOf = createHeaderWriter(inputHeaders)
  const timeText = createTimeText()
  return (call) => {
    const { operation, server } = call
    const facts = operation.type === 'tool' ? factsOf(server, operation.name) : nothingKnown
    const { head, raw, tail } = subjectOf(operation, facts)
    const before = `{"kind":${quoted(operation.kind)},${head}`
    const after = `${tail},${circumstancesOf(call)},"headers":{${headersOf(call.headers)}}`
    const text = joined(before, raw, call.message.text, after)
    return { call, text, timeText, actionClass: facts.actionClass }
  }
}

export function inputAt(description: CallDescription, moment: Moment): PolicyInput {
  const { call, text, timeText, actionClass } = description
  const { hook, time, response, items } = moment
  // A list is judged on its way to who asked for it.
  const direction = hook === 'list' ? 'to_client' : call.direction
  const opening = `,"hook":"${hook}","direction":"${direction}",${timeText(time)}${openingOf(moment)}`
  const closing = response?.isError === true ? '}}' : '}'
  const added = response ?? items
  const addedBytes = added === undefined ? 0 : added.span.end - added.span.start
  const document = Buffer.allocUnsafe(text.length + opening.length + addedBytes + closing.length)
  let end = text.copy(document)
  end += document.write(opening, end, 'latin1')
  if (added !== undefined) {
    end += added.text.copy(document, end, added.span.start, added.span.end)
  }
  document.write(closing, end, 'latin1')
  return { hook, call, time, actionClass, document }
}

interface Subject {
  readonly head: string
  /** A span of the message's text, or JSON that stands in for an absent one. */
  readonly raw: Span | string
  readonly tail: string
}

function subjectOf(operation: Operation, { annotations, actionClass }: ToolFacts): Subject {
  switch (operation.type) {
    case 'tool':
      return {
        head: `"tool":{"name":${quoted(operation.name)},"args":`,
        raw: operation.args ?? '{}',
        tail: `,"annotations":${annotations},"action_class":"${actionClass}"}`,
      }
    case 'prompt':
      return {
        head: `"prompt":{"name":${quoted(operation.name)},"args":`,
        raw: operation.args ?? '{}',
        tail: '}',
      }
    case 'resource':
      return { head: '"resource":', raw: jsonOf({ uri: operation.uri }), tail: '' }
    case 'other':
      return { head: '"params":', raw: operation.params ?? '{}', tail: '' }
  }
}

/** One allocation for the three parts: this runs for every call. */
function joined(before: string, raw: Span | string, source: Buffer, after: string): Buffer {
  if (typeof raw === 'string') return Buffer.from(before + raw + after)
  const start = Buffer.byteLength(before)
  const end = start + raw.end - raw.start
  const text = Buffer.allocUnsafe(end + Buffer.byteLength(after))
  text.write(before, 0, 'utf8')
  source.copy(text, start, raw.start, raw.end)
  text.write(after, end, 'utf8')
  return text
}

function circumstancesOf(call: Call): string {
  const { principal, claimed, session } = call
  const user = principal === anonymous ? anonymousText : userOf(principal)
  const client =
    claimed === undefined
      ? '{}'
      : `{"name":${quoted(claimed.name)},"version":${quoted(claimed.version)}}`
  const named = session === undefined ? '' : `,"session":{"id":${quoted(session.id)}}`
  return `"user":${user},"client":{"id":"","claimed":${client}},"server":${quoted(call.server)},"request_ip":${quoted(call.requestIp)}${named},"protocol":${quoted(call.protocol)}`
}

function userOf({ id, roles, teams, authenticated, via, claims }: Principal): string {
  return jsonOf({ id, roles, teams, authenticated, via, claims })
}

const anonymousText = userOf(anonymous)

/** Header names come from callers, so not every one can be kept. */
const keptHeaderNames = 500

function createHeaderWriter(shown: InputHeaders): (headers: Headers) => string {
  // The name as it is written, or '' for one that policy does not see.
  const names = new Map<string, string>()
  const written = (name: string): string => {
    const kept = names.get(name)
    if (kept !== undefined) return kept
    // Policy has the session as a digest and the caller as `user`.
    const isShown = !identifiesCaller(name) && (shown === 'all' || shown.includes(name))
    const text = isShown ? `${quoted(name)}:` : ''
    if (names.size < keptHeaderNames) names.set(name, text)
    return text
  }
  return (headers) => {
    let text = ''
    for (const name in headers) {
      const opening = written(name)
      if (opening !== '')
        text += `${text === '' ? '' : ','}${opening}${quoted(headers[name] ?? '')}`
    }
    return text
  }
}

/** RFC 3339, and nanoseconds as a number whose digits a double could not hold. Calls of one millisecond share it. */
function createTimeText(): (time: number) => string {
  let last = NaN
  let text = ''
  return (time) => {
    if (time === last) return text
    const nanoseconds = time === 0 ? '0' : `${Math.trunc(time)}000000`
    last = time
    text = `"time":"${new Date(time).toISOString()}","time_ns":${nanoseconds}`
    return text
  }
}

function openingOf({ response, items }: Moment): string {
  if (response === undefined) return items === undefined ? '' : ',"items":'
  return response.isError ? ',"response":{"error":' : ',"response":'
}

/** A JSON string; most need no escaping. */
function quoted(text: string): string {
  return plainText.test(text) ? `"${text}"` : jsonOf(text)
}

const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** JSON without escapes of lone surrogates, which no policy module can read. */
function jsonOf(value: unknown): string {
  const text = JSON.stringify(value)
  return text.includes('\\ud') ? text.replace(loneSurrogate, replaceLone) : text
}

// JSON.stringify escapes only surrogates that stand alone; the second branch steps over every other escape.
const loneSurrogate = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g

function replaceLone(escape: string, surrogate: string | undefined): string {
  return surrogate === undefined ? escape : '\ufffd'
}
