import { isHostHeaderName, isNetwork, isOrigin } from './addresses.js'
import { policySettings } from './policy-settings.js'
import { longestTimerMs } from './server-members.js'
import { keysOf } from './session-key.js'
import {
  bindAddress,
  bytes,
  httpAddress,
  logDestination,
  path,
  port,
  token,
} from './setting-types.js'
import { optional, preset, type Setting } from './setting.js'
import { choice, listOf, text, wholeNumber } from './value-type.js'

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
  TOOLS_FILE: optional(path, {
    key: 'tools.file',
    help: 'File that says [what tools do](#what-tools-do), and which argument of them asks for a dry run.',
  }),
  MAX_MESSAGE_BYTES: preset(bytes, 16_777_216, {
    key: 'upstream.maxMessageBytes',
    help: 'Largest upstream message that has to be read; over it the caller gets 502.',
  }),
  ...policySettings,
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
