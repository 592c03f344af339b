import { envelopeKeys } from '../wire/eras.js'
import { textAt, withMembers } from './object-text.js'
import type { SessionCard } from './session-card.js'

/** What a request says of its client in the modern era. */
export interface Envelope extends SessionCard {
  /** The server's revision. */
  readonly revision: string
  readonly logLevel: string | undefined
}

/** The message of a legacy client with the envelope that a modern server needs; every other byte stays. */
export function enveloped(text: Buffer, envelope: Envelope): Buffer {
  return inParams(text, (params) =>
    withMembers(params, { _meta: withMembers(textAt(params, '_meta'), membersOf(envelope)) }),
  )
}

/** The same request with the client's answers to what the server asked, and the server's state. */
export function retried(
  text: Buffer,
  answers: string | undefined,
  state: string | undefined,
): Buffer {
  return inParams(text, (params) =>
    withMembers(params, { inputResponses: answers, requestState: state }),
  )
}

/** The params of a request that the bridge itself makes. */
export function envelopeParams(envelope: Envelope, params = '{}'): string {
  return withMembers(params, { _meta: withMembers(undefined, membersOf(envelope)) })
}

function inParams(text: Buffer, edit: (params: string | undefined) => string): Buffer {
  const json = text.toString()
  return Buffer.from(withMembers(json, { params: edit(textAt(json, 'params')) }))
}

function membersOf({ revision, clientInfo, capabilities, logLevel }: Envelope) {
  return {
    [envelopeKeys.protocolVersion]: JSON.stringify(revision),
    [envelopeKeys.clientInfo]: JSON.stringify(clientInfo),
    [envelopeKeys.clientCapabilities]: JSON.stringify(capabilities),
    [envelopeKeys.logLevel]: logLevel === undefined ? undefined : JSON.stringify(logLevel),
  }
}
