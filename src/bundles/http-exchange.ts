import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { PolicySupplyError } from '../domain/errors.js'

/** One request to a bundle server, without following where it leads. */
export interface Exchange {
  readonly at: URL
  /** The server as it is called in errors. */
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  /** Certificate authorities instead of the usual ones, PEM. */
  readonly ca: string | undefined
  /** For the status line and the headers. */
  readonly firstByteMs: number
  /** Ends the request and, later, its body. */
  readonly signal: AbortSignal
}

/**
 * Resolves with the head of the answer. Each request has a connection of its own, which ends with the body.
 * @throws PolicySupplyError `absent`, and the reason of `signal` where nobody waits any more
 */
export async function exchange(terms: Exchange): Promise<IncomingMessage> {
  try {
    return await send(terms)
  } catch (fault) {
    if (isGivenUp(terms.signal)) throw terms.signal.reason
    throw absent(terms.name, describe(fault, terms), fault)
  }
}

/** Nobody waits for it any more, which is not the server's fault as a deadline is. */
export function isGivenUp({ aborted, reason }: AbortSignal): boolean {
  return aborted && !isTimeout(reason)
}

export function absent(name: string, what: string, cause?: unknown): PolicySupplyError {
  return new PolicySupplyError('absent', `The bundle server ${name} ${what}`, { cause })
}

function send({ at, headers, ca, firstByteMs, signal }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = at.protocol === 'https:' ? requestHttps : requestHttp
    const trust = ca === undefined ? {} : { ca }
    const sent = request(at, { headers, agent: false, signal, ...trust })
    const timer = setTimeout(() => {
      sent.destroy(new DOMException('The time is up', 'TimeoutError'))
    }, firstByteMs)
    sent.once('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    // It stays: what befalls the connection later is told by the body.
    sent.on('error', (fault) => {
      clearTimeout(timer)
      reject(fault)
    })
    // A connection that is to be used for something else (101) ends with neither an answer nor an error.
    sent.once('close', () => {
      clearTimeout(timer)
      reject(new Error('It ended without an answer'))
    })
    sent.end()
  })
}

function describe(fault: unknown, { signal, ca }: Exchange): string {
  if (isTimeout(fault) || isTimeout(signal.reason)) return 'did not answer in time'
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'no answer'
  if (untrusted.has(code)) {
    return ca === undefined
      ? `has a certificate that is not trusted (${code}): set POLICY_BUNDLE_CA to a PEM file of its certificate authority`
      : `has a certificate that POLICY_BUNDLE_CA does not vouch for (${code}): add its certificate authority to that file`
  }
  if (mismatched.has(code)) return `has a certificate that cannot be used (${code}): renew it`
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `has a certificate for another name (${code}): use the name that stands in it`
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return `does not speak TLS there (${code}): check the scheme and the port of the address`
  }
  return `cannot be reached (${code}): ${connecting.get(code) ?? 'check its address, and the network on the way'}`
}

const connecting: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there; check host and port, or start the server'],
  ['ENOTFOUND', 'there is no such host; check the name'],
  ['ECONNRESET', 'it hung up; check whether that port speaks the scheme of the address'],
])

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError'
}

const untrusted: ReadonlySet<string> = new Set([
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
])

const mismatched: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'INVALID_PURPOSE',
])
