import type { Mode } from '../domain/decision.js'

/** Everything that an operator can set, checked and frozen. Made by `load.ts` only. */
export interface Config {
  readonly mcp: {
    readonly host: string
    readonly port: number
    /** Names that `Host` may carry, without a port; `*` allows any. */
    readonly allowedHosts: readonly string[]
    /** Origins such as `https://app.example`; loopback origins are always in unless this was set. */
    readonly allowedOrigins: readonly string[]
    readonly maxBodyBytes: number
  }
  readonly ops: { readonly host: string; readonly port: number }
  readonly upstream: UpstreamConfig
  readonly policy: PolicyConfig
  readonly identity: {
    readonly modes: readonly ('none' | 'trusted-headers')[]
    /** CIDRs or addresses whose identity headers and `X-Forwarded-For` are believed. */
    readonly trustedProxies: readonly string[]
  }
  readonly session: {
    /** Key for the seal on session ids where callers have identities; undefined: a random one per process. */
    readonly key: Buffer | undefined
  }
  readonly decisionLog: DecisionLogConfig
  readonly log: { readonly level: LogLevel }
  /** How long a shutdown waits for calls in flight, milliseconds. */
  readonly shutdownMs: number
  /** Settings that contradict each other but do not stop the start: logged at ERROR and shown in `/readyz`. */
  readonly notices: readonly string[]
}

export interface UpstreamConfig {
  readonly name: string
  /** `demo`: the built-in demo server is started and used. */
  readonly target: { readonly type: 'url'; readonly url: string } | { readonly type: 'demo' }
  readonly auth:
    | { readonly type: 'none' }
    | { readonly type: 'static'; readonly token: string }
    | { readonly type: 'passthrough' }
  readonly timeoutMs: number
  readonly maxMessageBytes: number
}

export interface PolicyConfig {
  readonly mode: Mode
  /** What happens in enforce mode while no policy is there. */
  readonly failMode: 'open' | 'closed'
  readonly bundle: BundleConfig
  readonly denyStyle: 'http' | 'jsonrpc' | 'tool-error'
  readonly denyDetail: 'full' | 'reason' | 'none'
  /** Request headers that policy sees: all but credentials, or the ones named (lower case). */
  readonly inputHeaders: 'all' | readonly string[]
  readonly maxInputBytes: number
}

export interface BundleConfig {
  readonly source:
    | { readonly type: 'none' }
    | { readonly type: 'disk'; readonly path: string }
    | {
        readonly type: 'http'
        readonly url: string
        readonly pollSec: number
        readonly token: string | undefined
      }
  /** The archive must have this SHA-256 (64 hex digits, lower case). */
  readonly sha256: string | undefined
  readonly maxBytes: number
}

export interface DecisionLogConfig {
  readonly destination:
    | { readonly type: 'stdout' }
    | { readonly type: 'stderr' }
    | { readonly type: 'off' }
    | { readonly type: 'file'; readonly path: string }
  readonly args: 'digest' | 'masked' | 'full'
  /** Field paths that `masked` hides. */
  readonly mask: readonly string[]
  readonly durability: 'buffered' | 'flushed' | 'synced'
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
