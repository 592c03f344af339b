import type { Era, Eras } from '../domain/era.js'
import { isJsonObject } from '../domain/json.js'
import type { ResponseMessage } from '../domain/message.js'
import {
  envelopeKeys,
  isModernRevision,
  legacyRevisions,
  modernRevisions,
  offeredRevision,
} from '../wire/eras.js'
import type { Child, ChildListener } from './stdio-child.js'
import { childFailure, notReached } from './stdio-failures.js'
import { readLine } from './stdio-line.js'

export interface ProbeParts {
  /** Names the server where it cannot be started. */
  readonly command: string
  /** How long a server may take to answer `server/discover`; three times that to start. Milliseconds. */
  readonly timeoutMs: number
  /** Said of the gateway in both questions. */
  readonly clientInfo: { readonly name: string; readonly version: string }
  /** @throws GatewayError `upstream_unavailable` */
  readonly start: (listener: ChildListener) => Child
}

export interface Probe {
  /**
   * What the server speaks. It is asked once; a failure is not kept.
   * @throws GatewayError `upstream_unavailable`
   */
  readonly eras: () => Promise<Eras>
  /** What is known by now. */
  readonly known: Eras | undefined
}

/** How long a failure is given again before the server is asked anew, milliseconds. */
const retryMs = 1_000

/**
 * Each question goes to a child of its own that is thrown away: some servers settle on the era of their first message,
 * and some end when they do not know it.
 */
export function createProbe(parts: ProbeParts): Probe {
  let known: Eras | undefined
  let asked: Promise<Eras> | undefined

  const ask = async (): Promise<Eras> => {
    try {
      known = await probe(parts)
      return known
    } catch (thrown) {
      setTimeout(() => {
        asked = undefined
      }, retryMs).unref()
      throw thrown
    }
  }

  return {
    eras: () => (asked ??= ask()),
    get known() {
      return known
    },
  }
}

/** Takes the configuration's word for the era that a server speaks. */
export function configuredEra(era: Era): Probe {
  const known =
    era === 'modern'
      ? { legacy: [], modern: modernRevisions }
      : { legacy: legacyRevisions, modern: [] }
  return { eras: () => Promise.resolve(known), known }
}

/** One after the other, as launchers that fetch the server first do not bear two at once. */
async function probe(parts: ProbeParts): Promise<Eras> {
  const { clientInfo } = parts
  const begun = await askSibling(parts, 3 * parts.timeoutMs, 'initialize', {
    protocolVersion: offeredRevision,
    capabilities: {},
    clientInfo,
  })
  const discovered = await askSibling(parts, parts.timeoutMs, 'server/discover', {
    _meta: {
      [envelopeKeys.protocolVersion]: modernRevisions[0],
      [envelopeKeys.clientInfo]: clientInfo,
      [envelopeKeys.clientCapabilities]: {},
    },
  })
  const eras = { legacy: legacyOf(begun), modern: modernOf(discovered) }
  if (eras.legacy.length > 0 || eras.modern.length > 0) return eras
  throw notReached('The server answers neither "initialize" nor "server/discover"')
}

/** The response of a fresh child; undefined where it gives none in time, or ends instead. */
function askSibling(
  { start, command }: ProbeParts,
  timeoutMs: number,
  method: string,
  params: object,
): Promise<ResponseMessage | undefined> {
  return new Promise((resolve, reject) => {
    const finish = (response?: ResponseMessage): void => {
      clearTimeout(timer)
      resolve(response)
      void child.end()
    }
    const child = start({
      line(line) {
        const heard = readLine(line)
        if (heard.type === 'noise') return false
        if (heard.type === 'message' && heard.message.form === 'response') finish(heard.message)
        return true
      },
      lineTooLong() {
        finish()
        return false
      },
      ended(exit) {
        if (exit.type === 'unstarted') reject(childFailure(exit, command))
        finish()
      },
    })
    const timer = setTimeout(finish, timeoutMs)
    child.write(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })))
  })
}

function legacyOf(response: ResponseMessage | undefined): readonly string[] {
  const { protocolVersion } = outcomeOf(response, 'result')
  return typeof protocolVersion === 'string' && !isModernRevision(protocolVersion)
    ? [protocolVersion]
    : []
}

/** A server that refuses the revision that was asked for names those that it speaks (MCP 2026-07-28). */
function modernOf(response: ResponseMessage | undefined): readonly string[] {
  const { supportedVersions } = outcomeOf(response, 'result')
  const { data } = outcomeOf(response, 'error')
  const versions = supportedVersions ?? (isJsonObject(data) ? data['supported'] : undefined)
  if (!Array.isArray(versions)) return []
  return versions.filter(isModern).sort().reverse()
}

function isModern(version: unknown): version is string {
  return typeof version === 'string' && dated.test(version) && isModernRevision(version)
}

const dated = /^\d{4}-\d{2}-\d{2}$/

function outcomeOf(
  response: ResponseMessage | undefined,
  type: 'result' | 'error',
): Readonly<Record<string, unknown>> {
  if (response?.outcome.type !== type) return {}
  const { start, end } = response.outcome.span
  const value: unknown = JSON.parse(response.text.toString('utf8', start, end))
  return isJsonObject(value) ? value : {}
}
