import { isBindAddress, isHostHeaderName, isHttpAddress, isNetwork, isOrigin } from './addresses.js'
import { longestTimerMs } from './server-members.js'
import { keysOf } from './session-key.js'
import { choice, listOf, text, wholeNumber, wordOrList, yesOrNo } from './value-type.js'
import type { ValueType } from './value-type.js'

/** One thing that an operator can set. `D` is `undefined` where it has no default. */
export interface Setting<T, D extends T | undefined = T | undefined> {
  readonly type: ValueType<T>
  /** Where it stands in the config file; a secret also has the same key with `File` at its end. */
  readonly key: string
  /** The flag of `serve` and `check`, without its dashes. */
  readonly flag: string | undefined
  readonly default: D
  /** Its value is never shown, and `NAME_FILE` names a file that holds it. */
  readonly secret: boolean
  /** Values that are documented for a later version. */
  readonly pending: readonly string[]
  readonly help: string
}

interface Description {
  readonly key: string
  readonly help: string
  readonly flag?: string
  readonly secret?: boolean
  readonly pending?: readonly string[]
}

const largestBytes = 1_073_741_824
const port = wholeNumber(0, 65_535)
const bytes = wholeNumber(1, largestBytes)
const bindAddress = text('an IP address or a host name', { isAllowed: isBindAddress })
const httpAddress = text('an http or https URL without credentials and without a fragment', {
  pattern: /^https?:\/\//i,
  isAllowed: isHttpAddress,
})
const path = text('the path of a file')
const token = text('one word of visible ASCII characters', { pattern: /^[\x21-\x7e]+$/ })
const headerName = text('the name of a header that carries no credentials', {
  pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  isAllowed: (name) => !credentialHeaders.includes(name.toLowerCase()),
})
const credentialHeaders = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key']
const digest = text('64 hexadecimal digits', { pattern: /^[0-9a-fA-F]{64}$/ })
const logDestination = text(
  'stdout, stderr, off, or the path of a file with a folder or an extension in it',
  { isAllowed: (value) => ['stdout', 'stderr', 'off'].includes(value) || /[./\\]/.test(value) },
)

/** Every setting, by its name in the environment. Parsing, `--help`, reference and schema come from here. */
export const settings = {
  HOST: preset(bindAddress, '127.0.0.1', {
    key: 'mcp.host',
    flag: 'host',
    help: 'Address on which MCP is served. Anything but loopback needs `ALLOWED_HOSTS`.',
  }),
  PORT: preset(port, 8080, {
    key: 'mcp.port',
    flag: 'port',
    help: 'Port on which MCP is served at `/mcp`; `0` takes a free one.',
  }),
  ALLOWED_HOSTS: preset(
    listOf(
      text('a host name without a port, an IPv6 address in brackets, or *', {
        isAllowed: isHostHeaderName,
      }),
    ),
    ['localhost', '127.0.0.1', '[::1]'],
    {
      key: 'mcp.allowedHosts',
      help: 'Names that the `Host` header may carry (DNS-rebinding protection); `*` allows any.',
    },
  ),
  ALLOWED_ORIGINS: optional(
    listOf(text('an origin such as https://app.example, or *', { isAllowed: isOrigin })),
    {
      key: 'mcp.allowedOrigins',
      help: 'Origins whose pages may call the gateway; `*` allows any. Not set: loopback origins only.',
    },
  ),
  MAX_BODY_BYTES: preset(bytes, 4_194_304, {
    key: 'mcp.maxBodyBytes',
    help: 'Larger requests get 413.',
  }),
  UNKNOWN_METHODS: preset(choice('pass', 'deny'), 'pass', {
    key: 'mcp.unknownMethods',
    help: 'What becomes of methods and extensions that no known revision of MCP has. `pass`: policy judges them like any other. `deny`: they are refused and not advertised.',
  }),
  OPS_HOST: preset(bindAddress, '127.0.0.1', {
    key: 'ops.host',
    flag: 'ops-host',
    help: 'Address of `/metrics`, `/healthz` and `/readyz`.',
  }),
  OPS_PORT: preset(port, 9464, {
    key: 'ops.port',
    flag: 'ops-port',
    help: 'Port of `/metrics`, `/healthz` and `/readyz`; never the one on which MCP is served.',
  }),
  UPSTREAM_URL: optional(httpAddress, {
    key: 'upstream.url',
    flag: 'upstream',
    help: 'The MCP server behind the gateway: its Streamable HTTP endpoint.',
  }),
  UPSTREAMS_FILE: optional(path, {
    key: 'upstream.serversFile',
    flag: 'upstreams',
    help: 'Several MCP servers, over HTTP or as programs: a file with `mcpServers`, as MCP hosts have it. Instead of `UPSTREAM_URL`.',
  }),
  UPSTREAM_AUTH: preset(choice('none', 'static', 'passthrough'), 'none', {
    key: 'upstream.auth',
    help: "`none`: a caller's credentials never go upstream. `static`: `UPSTREAM_TOKEN` does, or the `headers` in `UPSTREAMS_FILE`, where it is implied. `passthrough`: the caller's do, only to one server and with `AUTH_MODE=none`.",
  }),
  UPSTREAM_TOKEN: optional(token, {
    key: 'upstream.token',
    secret: true,
    help: 'Bearer token for `UPSTREAM_URL`, with `UPSTREAM_AUTH=static`.',
  }),
  UPSTREAM_TIMEOUT_MS: preset(wholeNumber(1, longestTimerMs), 300_000, {
    key: 'upstream.timeoutMs',
    help: 'Longest silence of an upstream, in milliseconds, before the caller gets 504.',
  }),
  MAX_MESSAGE_BYTES: preset(bytes, 16_777_216, {
    key: 'upstream.maxMessageBytes',
    help: 'Largest upstream message that has to be read; over it the caller gets 502.',
  }),
  EXPERIMENTAL_POLICY_ENGINE: optional(yesOrNo, {
    key: 'policy.experimentalEngine',
    help: '`true`: enforce, and pass calls while no policy is there. `false`: off, whatever else is set.',
  }),
  POLICY_ENABLED: optional(yesOrNo, {
    key: 'policy.enabled',
    help: 'The same switch as `EXPERIMENTAL_POLICY_ENGINE`.',
  }),
  POLICY_MODE: optional(choice('enforce', 'warn', 'audit-only', 'off'), {
    key: 'policy.mode',
    flag: 'policy-mode',
    help: 'What happens to decisions. `enforce` fails closed while no policy is there. Not set: `audit-only`, unless a switch says otherwise.',
  }),
  POLICY_FAIL_MODE: optional(choice('open', 'closed'), {
    key: 'policy.failMode',
    help: 'Overrides what happens in enforce mode while no policy is there. A refused bundle always fails closed.',
  }),
  POLICY_BUNDLE_PATH: optional(path, {
    key: 'policy.bundle.path',
    flag: 'policy-bundle',
    help: 'Bundle on disk; watched, and read again on SIGHUP. With `--demo`: the starter bundle.',
  }),
  POLICY_BUNDLE_URL: optional(httpAddress, {
    key: 'policy.bundle.url',
    help: 'Bundle over HTTP(S), polled with its ETag.',
  }),
  POLICY_POLL_SEC: preset(wholeNumber(0, 2_147_483), 60, {
    key: 'policy.bundle.pollSec',
    help: 'Seconds between two polls of `POLICY_BUNDLE_URL`; `0`: only on SIGHUP.',
  }),
  POLICY_BUNDLE_SHA256: optional(digest, {
    key: 'policy.bundle.sha256',
    help: 'The archive must have this SHA-256.',
  }),
  POLICY_BUNDLE_MAX_BYTES: preset(bytes, 67_108_864, {
    key: 'policy.bundle.maxBytes',
    help: 'Largest archive; unpacked it may be at most four times that.',
  }),
  POLICY_BUNDLE_TOKEN: optional(token, {
    key: 'policy.bundle.token',
    secret: true,
    help: 'Bearer token for the bundle server.',
  }),
  POLICY_MAX_INPUT_BYTES: preset(bytes, 1_048_576, {
    key: 'policy.maxInputBytes',
    help: 'Largest document that policy is shown; over it is a policy error.',
  }),
  POLICY_DENY_STYLE: preset(choice('http', 'jsonrpc', 'tool-error'), 'http', {
    key: 'policy.denyStyle',
    help: 'How a refusal looks. `jsonrpc` suits agents: the error arrives with HTTP 200.',
  }),
  POLICY_DENY_DETAIL: preset(choice('full', 'reason', 'none'), 'full', {
    key: 'policy.denyDetail',
    help: 'How much a refused caller is told.',
  }),
  POLICY_INPUT_HEADERS: preset(wordOrList('all', listOf(headerName)), 'all', {
    key: 'policy.inputHeaders',
    help: 'Request headers that policy sees; never those that carry credentials.',
  }),
  AUTH_MODE: preset(listOf(choice('none', 'trusted-headers')), ['none'], {
    key: 'auth.mode',
    pending: ['jwt'],
    help: 'How callers are known; several may be listed. `trusted-headers` needs `TRUSTED_PROXIES`.',
  }),
  TRUSTED_PROXIES: optional(
    listOf(text('an IP address or a network such as 10.0.0.0/8', { isAllowed: isNetwork })),
    {
      key: 'auth.trustedProxies',
      help: 'Peers whose `X-Forwarded-For` and identity headers are believed.',
    },
  ),
  SESSION_KEY: optional(
    text('at least 32 bytes as base64 or as hexadecimal digits; several keys separated by commas', {
      isAllowed: (value) => keysOf(value) !== undefined,
    }),
    {
      key: 'session.key',
      secret: true,
      help: 'Key that seals session ids where callers have identities or several upstreams are one server; replicas need the same. Of several, the first seals and each opens. Not set: a random key for each process.',
    },
  ),
  DECISION_LOG: preset(logDestination, 'stdout', {
    key: 'decisionLog.destination',
    flag: 'decision-log',
    help: 'Where decisions are recorded: `stdout`, `stderr`, the path of a file, or `off`.',
  }),
  DECISION_LOG_ARGS: preset(choice('digest', 'masked', 'full'), 'digest', {
    key: 'decisionLog.args',
    help: 'How much of the arguments is recorded. `masked` needs `DECISION_LOG_MASK`.',
  }),
  DECISION_LOG_MASK: optional(
    listOf(text('a field path such as password or args.card', { pattern: /^\S+$/ })),
    {
      key: 'decisionLog.mask',
      help: 'Fields that are hidden in what is recorded; a bare name matches at any depth.',
    },
  ),
  DECISION_LOG_DURABILITY: preset(choice('buffered', 'flushed', 'synced'), 'flushed', {
    key: 'decisionLog.durability',
    help: 'How safe a record is before its call is forwarded: in memory, written, or on the disk.',
  }),
  LOG_LEVEL: preset(choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'), 'info', {
    key: 'log.level',
    flag: 'log-level',
    help: 'Least severe line of the operator log (JSON lines on stderr).',
  }),
  SHUTDOWN_TIMEOUT_MS: preset(wholeNumber(0, longestTimerMs), 10_000, {
    key: 'shutdownTimeoutMs',
    help: 'How long a shutdown waits for calls in flight, in milliseconds.',
  }),
} as const satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings

export type ValueOf<Name extends SettingName> =
  (typeof settings)[Name] extends Setting<infer T, infer D> ? T | D : never

export const settingNames: readonly SettingName[] = Object.keys(settings).filter(isSettingName)

/** The setting by its name, without the knowledge of which one it is. */
export function settingOf(name: SettingName): Setting<unknown> {
  return settings[name]
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name)
}

function preset<T>(type: ValueType<T>, value: NoInfer<T>, description: Description): Setting<T, T> {
  return { ...filled(description), type, default: value }
}

function optional<T>(type: ValueType<T>, description: Description): Setting<T, undefined> {
  return { ...filled(description), type, default: undefined }
}

function filled(description: Description) {
  return { flag: undefined, secret: false, pending: [], ...description }
}
