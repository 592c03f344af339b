import { z } from 'zod'
import type { ActionClass } from '../domain/action-class.js'
import type { Call } from '../domain/call.js'
import type { Hook } from '../domain/decision.js'
import { GatewayError } from '../domain/errors.js'
import type { JsonObject } from '../domain/json.js'
import type { Member, Members } from '../domain/message.js'
import type { PolicyInput } from '../domain/policy-input.js'
import { anonymous, type Principal } from '../domain/principal.js'
import { decodeString, scanJson } from '../wire/json-text.js'
import { CommandError } from './command.js'
import { localCall, type CallFacts } from './local-call.js'

/**
 * The document that a policy would see as `input`, as it is spelled.
 * @throws CommandError
 */
export function readDocument(text: Buffer, demanded: string | undefined): PolicyInput {
  const { shape, value, members, wellFormed } = scanDocument(text)
  if (shape !== 'object') throw new CommandError(1, 'The input has to be a JSON object')
  if (!wellFormed)
    throw new CommandError(1, 'The input holds a lone surrogate, which policy cannot see')
  const hook = hookOf(demanded, textMember(text, members, 'hook'), members)
  const document = text.subarray(value.start, value.end)
  const time = Date.parse(textMember(text, members, 'time') ?? '')
  return {
    hook,
    call: callOf(text, members),
    time: Number.isNaN(time) ? Date.now() : time,
    actionClass: actionClassIn(text, members),
    document,
  }
}

function actionClassIn(text: Buffer, members: Members): ActionClass {
  const said = textMember(text, members.get('tool')?.members ?? none, 'action_class')
  return actionClasses.find((each) => each === said) ?? 'unknown'
}

const none: Members = new Map()

const actionClasses: readonly ActionClass[] = ['read', 'write', 'execute', 'destructive']

function scanDocument(text: Buffer): ReturnType<typeof scanJson> {
  try {
    return scanJson(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(1, `The input cannot be read: ${reason}`)
  }
}

function hookOf(demanded: string | undefined, written: string | undefined, members: Members): Hook {
  if (demanded !== undefined && written !== undefined && demanded !== written) {
    throw new CommandError(2, `--hook is ${demanded}, and the document says ${written}; change one`)
  }
  const implied = members.has('response') ? 'post' : members.has('items') ? 'list' : 'pre'
  const hook = demanded ?? written ?? implied
  if (hook === 'pre' || hook === 'post' || hook === 'list') return hook
  throw new CommandError(2, `There is no hook ${hook} to judge; give pre, post or list`)
}

/** The call that the document tells of: what reads the result has to know which method it is about. */
function callOf(text: Buffer, members: Members): Call {
  const kind = textMember(text, members, 'kind')
  if (kind === undefined) throw new CommandError(1, 'The input needs "kind", such as "tools/call"')
  try {
    return localCall(kind, paramsOf(text, members), factsIn(text, members))
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    throw new CommandError(1, `The input does not tell of a ${kind}: ${error.message}`)
  }
}

/** Rules find those that are about a call by what it is, not by how the document spells it. */
function factsIn(text: Buffer, members: Members): CallFacts {
  const user = members.get('user')
  const session = textMember(text, members.get('session')?.members ?? none, 'id')
  const direction = textMember(text, members, 'direction')
  return {
    principal: user === undefined ? anonymous : principalIn(raw(text, user)),
    server: textMember(text, members, 'server') ?? 'default',
    requestIp: textMember(text, members, 'request_ip') ?? '127.0.0.1',
    session: session === undefined ? undefined : { id: session, upstreamId: session },
    direction: direction === 'to_client' ? direction : 'to_server',
    protocol: textMember(text, members, 'protocol') ?? '2025-11-25',
  }
}

function principalIn(json: string): Principal {
  const parsed = userSchema.safeParse(JSON.parse(json))
  return parsed.success ? { ...parsed.data, claims: parsed.data.claims as JsonObject } : anonymous
}

/** A member of another type is as good as none. */
const userSchema = z.object({
  id: z.string().catch(''),
  roles: z.array(z.string()).catch([]),
  teams: z.array(z.string()).catch([]),
  authenticated: z.boolean().catch(false),
  via: z.enum(['none', 'trusted-headers', 'jwt']).catch('none'),
  claims: z.record(z.string(), z.unknown()).catch({}),
})

function paramsOf(text: Buffer, members: Members): string {
  const named = members.get('tool') ?? members.get('prompt')
  if (named !== undefined) return namedTarget(text, named.members)
  const whole = members.get('resource') ?? members.get('params')
  return whole?.shape === 'object' ? raw(text, whole) : '{}'
}

function namedTarget(text: Buffer, members: Members): string {
  const pairs = [
    ['name', members.get('name')],
    ['arguments', members.get('args')],
  ] as const
  const present = pairs.flatMap(([key, member]) =>
    member === undefined ? [] : [`"${key}":${raw(text, member)}`],
  )
  return `{${present.join(',')}}`
}

function textMember(text: Buffer, members: Members, name: string): string | undefined {
  const member = members.get(name)
  return member?.shape === 'string' ? decodeString(text, member.value) : undefined
}

function raw(text: Buffer, { value }: Member): string {
  return text.toString('utf8', value.start, value.end)
}
