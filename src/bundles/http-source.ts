import { download, type Downloaded, type DownloadLimits } from './http-download.js'
import { absent } from './http-exchange.js'
import { createPolls } from './http-polls.js'
import { retryAfterMs } from './poll-delay.js'
import type { BundleSource, Fetched } from './source.js'

export interface HttpSourceOptions {
  readonly url: string
  readonly token: string | undefined
  /** Certificate authorities instead of the usual ones, PEM. */
  readonly ca: string | undefined
  readonly maxBytes: number
  /** 0: fetched only when asked to. */
  readonly pollSec: number
  /** How long the server may hold a poll until there is a new bundle; 0: it is not asked to. */
  readonly longPollSec: number
  /** Of the gateway. */
  readonly version: string
  readonly limits?: Partial<DownloadLimits>
  /** From 0 to 1: spreads the polls of many gateways. */
  readonly random?: () => number
}

/**
 * A bundle behind HTTP(S), asked for with the ETag (RFC 9110) of the last one that was activated: one that was refused
 * is fetched again at each poll. A server that answers with OPA's own media type is asked to hold the request until
 * there is something new; what it then says waits here for the next `fetch`.
 */
export function createHttpSource(options: HttpSourceOptions): BundleSource {
  const { pollSec, longPollSec, random = Math.random } = options
  const closing = new AbortController()
  const { name, ask } = createServer(options, closing.signal)
  let offered: string | undefined
  let inForce: { readonly etag: string | undefined } | undefined
  const polls = createPolls({
    pollSec,
    longPollSec,
    random,
    inForce: () => inForce,
    askHeld: (signal) => ask({ holdSec: longPollSec, etag: inForce?.etag, signal }),
  })

  function failed(fault: unknown, retryMs?: number): never {
    polls.failed(retryMs)
    throw fault
  }

  async function fetch(signal: AbortSignal): Promise<Fetched> {
    const answering = polls.take() ?? ask({ holdSec: 0, etag: inForce?.etag, signal })
    const answer = await answering.catch((fault: unknown) => failed(fault))
    if (answer.type === 'status') {
      const { status, retryAfter } = answer
      const fault = absent(name, `answered ${status}${adviceFor(status)}`)
      return failed(fault, retryAfterMs(retryAfter, Date.now()))
    }
    if (answer.type === 'unchanged') {
      polls.agreed(answer.holds)
      return { type: 'unchanged' }
    }
    offered = answer.etag
    polls.offered(answer.holds)
    return { type: 'archive', bytes: answer.bytes }
  }

  return {
    name,
    fetch,
    accepted() {
      inForce = { etag: offered }
      polls.agreed()
    },
    watch: (onChange) => polls.watch(onChange),
    close() {
      polls.close()
      closing.abort()
      return Promise.resolve()
    },
  }
}

interface Question {
  readonly holdSec: number
  /** Of the bundle in force. */
  readonly etag: string | undefined
  readonly signal: AbortSignal
}

function createServer(options: HttpSourceOptions, closing: AbortSignal) {
  const { token, ca, maxBytes, version } = options
  const target = new URL(options.url)
  const name = `${target.origin}${target.pathname}`
  const userAgent = `Portcullis/${version}`
  const limits = { ...usualLimits, ...options.limits }
  const shared = { target, name, token, ca, maxBytes, userAgent, limits }
  return {
    name,
    ask: ({ signal, ...question }: Question): Promise<Downloaded> =>
      download({ ...shared, ...question, signals: [signal, closing] }),
  }
}

function adviceFor(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return ': check POLICY_BUNDLE_TOKEN'
    case 404:
      return ': check POLICY_BUNDLE_URL'
    case 304:
      return ' to a request that had no condition'
    default:
      return status >= 300 && status < 400 ? ' without saying where to go' : ''
  }
}

const usualLimits: DownloadLimits = { firstByteMs: 30_000, wholeMs: 300_000, silenceMs: 30_000 }
