import type { BundleLocation } from '../bundles/sources.js'
import type { ConfiguredTool } from '../catalog/configured-tools.js'
import type { BundleScope, Layer, VerificationKey } from '../domain/bundle.js'
import type { Mode } from '../domain/decision.js'
import type { Era } from '../domain/era.js'

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
    /** What becomes of methods and extensions that no known revision of the protocol has. */
    readonly unknownMethods: 'pass' | 'deny'
  }
  readonly ops: OpsConfig
  /** At least one, in the order in which they were configured; names differ in more than case. */
  readonly upstreams: readonly [UpstreamConfig, ...UpstreamConfig[]]
  /** What is known of tools beside what their servers say; the first entry that fits and says it counts. */
  readonly tools: readonly ConfiguredTool[]
  readonly policy: PolicyConfig
  readonly identity: {
    readonly modes: readonly ('none' | 'trusted-headers')[]
    /** CIDRs or addresses whose identity headers and `X-Forwarded-For` are believed. */
    readonly trustedProxies: readonly string[]
  }
  readonly session: {
    /** Keys for what seals session ids: the first closes, each of them opens. Empty: a random one per process. */
    readonly keys: readonly Buffer[]
  }
  /** Names this process in the ids of sessions that only it can serve; a restart gives it another name. */
  readonly replica: string
  readonly decisionLog: DecisionLogConfig
  readonly log: { readonly level: LogLevel }
  /** How long a shutdown waits for calls in flight, milliseconds. */
  readonly shutdownMs: number
  /** Settings that contradict each other but do not stop the start: logged at ERROR and shown in `/readyz`. */
  readonly notices: readonly string[]
}

/** The configuration of `portcullis stdio`: one upstream, which it launches; `ops` only where a port was asked for. */
export type StdioConfig = Omit<Config, 'ops'> & { readonly ops: OpsConfig | undefined }

export interface OpsConfig {
  readonly host: string
  readonly port: number
}

export interface UpstreamConfig {
  readonly name: string
  readonly target: UpstreamTarget
  readonly auth: UpstreamAuth
  readonly timeoutMs: number
  readonly maxMessageBytes: number
  /** What it says of its tools (annotations) is shown to policy. */
  readonly trusted: boolean
  /** Undefined: the server is asked which eras it speaks. */
  readonly era: Era | undefined
}

export type UpstreamTarget =
  | { readonly type: 'url'; readonly url: string }
  | CommandTarget
  /** The built-in demo server is started and used. */
  | { readonly type: 'demo' }

/** A program that speaks MCP on its stdin and stdout. It is run as it stands here, never through a shell. */
export interface CommandTarget {
  readonly type: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  /** Variables beside those that every program needs; their values may be secrets. */
  readonly env: Readonly<Record<string, string>>
  /** Undefined: the folder of the gateway. */
  readonly cwd: string | undefined
}

export type UpstreamAuth =
  | { readonly type: 'none' }
  /** Headers of every request, names in lower case; their values are secrets. */
  | { readonly type: 'static'; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'passthrough' }

export interface PolicyConfig {
  readonly mode: Mode
  /** What happens in enforce mode while no policy is there. */
  readonly failMode: 'open' | 'closed'
  readonly supply: SupplyConfig
  readonly candidate: CandidateConfig | undefined
  readonly denyStyle: 'http' | 'jsonrpc' | 'tool-error'
  readonly denyDetail: 'full' | 'reason' | 'none'
  /** Request headers that policy sees: all but credentials, or the ones named (lower case). */
  readonly inputHeaders: 'all' | readonly string[]
  readonly maxInputBytes: number
  /** Longest computation of one decision, milliseconds of a machine that the fuel was measured on. */
  readonly budgetMs: number
  /** What becomes of a document over `maxInputBytes`: refused, or shown with its long texts left out. */
  readonly largeInput: {
    readonly calls: 'deny' | 'project'
    readonly responses: 'deny' | 'project'
  }
}

/** Where policy comes from. */
export interface SupplyConfig {
  /** Judged side by side; none where no policy is configured. Names differ. */
  readonly bundles: readonly BundleConfig[]
  /** Largest archive; unpacked at most four times that. */
  readonly maxBytes: number
  /** Where the last good bundles are kept. */
  readonly cacheDir: string | undefined
  readonly allowRollback: boolean
}

export interface BundleConfig {
  /** `policy` for the only one, `rules` for what `POLICY_RULES_PATH` names; else as `POLICY_BUNDLES_FILE` has it. */
  readonly name: string
  readonly layer: Layer
  readonly scope: BundleScope
  readonly source: BundleLocation
  /** The archive must have this SHA-256 (64 hex digits, lower case). */
  readonly sha256: string | undefined
  readonly keys: readonly VerificationKey[]
  readonly requireSignature: boolean
}

/** A second supply that judges a share of the calls and changes nothing. */
export interface CandidateConfig {
  readonly supply: SupplyConfig
  /** From 0 to 1: the share of principals. */
  readonly sample: number
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
