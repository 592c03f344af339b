import { hash } from 'node:crypto'
import type { ActionClass } from '../domain/action-class.js'
import type { Call } from '../domain/call.js'
import type { Message } from '../domain/message.js'
import { type Operation, targetOf } from '../domain/operation.js'
import { longestText, quoted, texts } from './json-line.js'
import { payloadOf } from '../domain/payload.js'
import { digestOf, isLong } from './payload.js'

/** What a called tool does. */
export type ActionClassOf = (server: string, tool: string) => ActionClass

/** What every line about one call says alike, made once: members as JSON, each with a comma before it. */
export interface CallRecord {
  readonly members: string
  /** Fingerprint and digest; '' where the payload is too long to be digested before the call is forwarded. */
  readonly digests: string
}

/** The records of calls in flight. One that is missing is made again: it is the same. */
export interface CallRecords {
  of(call: Call): CallRecord
  /** For the call's last line. */
  take(call: Call): CallRecord
}

/**
 * In slots by id, of which a later call takes over an earlier one's: what passes through a Map or WeakMap at the rate
 * of calls outlives every collection of the young generation, and that costs more than making records twice.
 */
export function createCallRecords(classOf: ActionClassOf): CallRecords {
  const slots = new Array<Kept | undefined>(slotCount).fill(undefined)

  function known({ id, operation }: Call): CallRecord | undefined {
    const kept = slots[slotOf(id)]
    // Messages that a server sends while it answers carry the id of the call.
    return kept?.id === id && kept.operation === operation ? kept.record : undefined
  }

  return {
    of(call) {
      const record = known(call)
      if (record !== undefined) return record
      const made = recordOf(call, classOf)
      const slot = slotOf(call.id)
      if (slots[slot]?.id !== call.id) {
        slots[slot] = { id: call.id, operation: call.operation, record: made }
      }
      return made
    },
    take(call) {
      const record = known(call) ?? recordOf(call, classOf)
      const slot = slotOf(call.id)
      if (slots[slot]?.id === call.id) slots[slot] = undefined
      return record
    },
  }
}

interface Kept {
  readonly id: string
  readonly operation: Operation
  readonly record: CallRecord
}

const slotCount = 256

/** Ids are random: their last letters spread them well enough. */
function slotOf(id: string): number {
  const { length } = id
  return (id.charCodeAt(length - 1) * 31 + id.charCodeAt(length - 2) * 7) % slotCount || 0
}

function recordOf(call: Call, classOf: ActionClassOf): CallRecord {
  return {
    members: membersOf(call, classOf),
    digests: isLong(payloadOf(call)) ? '' : payloadDigest(call),
  }
}

export function payloadDigest(call: Call): string {
  const digest = digestOf(payloadOf(call))
  return `,"request_fingerprint":"${fingerprint(call, digest)}","payload_digest":"${digest}"`
}

export function sentDigest(sent: Call): string {
  return `,"sent_digest":"${digestOf(payloadOf(sent))}"`
}

/** Members as JSON, each with a comma before it. */
export function membersOf(
  { message, operation, principal, server, session, direction }: Call,
  classOf: ActionClassOf,
): string {
  const { id, roles, teams, via } = principal
  const target = targetOf(operation)
  const targetMember =
    target === undefined ? '' : `,"target":{"type":"${target.type}","name":${quoted(target.name)}}`
  const classMember =
    operation.type === 'tool' ? `,"action_class":"${classOf(server, operation.name)}"` : ''
  return (
    `,"kind":${quoted(operation.kind)},"direction":"${direction}"` +
    `,"principal":{"id":${quoted(id)},"roles":${texts(roles)},"teams":${texts(teams)},"via":"${via}"}` +
    `,"server":${quoted(server)}${targetMember}${classMember}` +
    (session === undefined ? '' : `,"session":${quoted(session.id)}`) +
    requestId(message)
  )
}

/** The id as the caller spelled it, so that 1e2 is not mistaken for 100. */
function requestId(message: Message): string {
  if (message.form === 'notification') return ''
  return `,"request_id":${recordedId(message.id)}`
}

function recordedId(id: string): string {
  if (!id.startsWith('"')) return id.length > longestText ? quoted(id) : id
  return id.length > longestText || id.includes('\\u') ? quoted(String(JSON.parse(id))) : id
}

/** Framed as a JSON array, in which no two sets of values have the same text. */
function fingerprint({ principal, server, operation }: Call, digest: string): string {
  const target = targetOf(operation)
  const framed = [
    principal.id,
    verifiedClientId,
    server,
    operation.kind,
    target?.type ?? '',
    target?.name ?? '',
    digest,
  ]
  return hash('sha256', JSON.stringify(framed), 'hex')
}

/** No identity that this gateway knows verifies a client's id; what a client says of itself does not count. */
const verifiedClientId = ''
