import type { Era } from '../domain/era.js'
import type { UpstreamTarget } from './config.js'
import { isContent, type Content } from './content.js'
import type { Environment } from './environment.js'
import { suggestion } from '../domain/nearest.js'
import { withReferences } from './references.js'
import {
  headerName,
  headerValue,
  isOwnHeader,
  isServerUrl,
  serverMembers,
  transports,
  variableName,
} from './server-members.js'

/** One server of `mcpServers`, checked. */
export interface Server {
  readonly name: string
  readonly target: UpstreamTarget
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly trusted: boolean
  readonly era: Era | undefined
  readonly timeoutMs: number | undefined
}

/** `server` is undefined for one that is disabled or has faults; these follow its name. */
export interface ReadServer {
  readonly server: Server | undefined
  readonly faults: readonly string[]
}

export function readServer(name: string, given: unknown, env: Environment): ReadServer {
  if (!isContent(given)) {
    return broken(['give a mapping with "url" (over HTTP) or "command" (a program)'])
  }
  const shapeFaults = [...memberFaults(given), ...kindFaults(given)]
  if (shapeFaults.length > 0) return broken(shapeFaults)
  // A server that is not used may lack what its variables would say.
  if (given['disabled'] === true) return broken([])
  const filled = withoutReferences(given, env)
  const faults = filled.faults.length > 0 ? filled.faults : valueFaults(filled.content)
  return faults.length > 0 ? broken(faults) : { server: serverOf(name, filled.content), faults: [] }
}

function broken(faults: readonly string[]): ReadServer {
  return { server: undefined, faults }
}

function memberFaults(given: Content): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    const member = Object.hasOwn(serverMembers, key) ? serverMembers[key] : undefined
    if (member === undefined) {
      const meant = suggestion(key, Object.keys(serverMembers))
      return [`there is no member ${JSON.stringify(key)}; remove it${meant}`]
    }
    if (key === 'type' && value === 'sse') return [sse]
    return member.isAllowed(value) ? [] : [`${key} cannot be used: give ${member.allowed}`]
  })
}

const sse =
  'type sse is the transport that Streamable HTTP replaced, and is not spoken here: give the Streamable HTTP address of the server and type http'

function kindFaults(given: Content): string[] {
  const { url, command, type } = given
  if (url !== undefined && command !== undefined) {
    return ['url and command are both there: a server has one of them; remove the other']
  }
  if (url === undefined && command === undefined) {
    return ['url and command are both missing: give one of them']
  }
  const kind = url === undefined ? 'command' : 'url'
  const said = typeof type === 'string' ? transports[type] : undefined
  const faults =
    said === undefined || said === kind
      ? []
      : [`type ${String(type)} does not go with ${kind}: remove type, or give ${said}`]
  const surplus = Object.keys(given).filter((key) => {
    const of = serverMembers[key]?.of
    return of !== undefined && of !== 'both' && of !== kind
  })
  return [...faults, ...surplus.map((key) => `${key} does not go with ${kind}: remove it`)]
}

/** The texts that may name variables, with what these hold. */
function withoutReferences(given: Content, env: Environment) {
  const faults: string[] = []
  const fill = (value: unknown, place: string): unknown => {
    if (typeof value === 'string') {
      const filled = withReferences(value, env)
      faults.push(...filled.faults.map((fault) => `${place} ${fault}`))
      return filled.text
    }
    if (Array.isArray(value)) return value.map((item) => fill(item, place))
    if (!isContent(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, fill(inner, `${place}.${key}`)]),
    )
  }
  const content = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, fill(value, key)]),
  )
  return { content, faults }
}

function valueFaults({ url, headers, ...program }: Content): string[] {
  const isWrong = typeof url === 'string' && !isServerUrl(url)
  return [
    ...(isWrong
      ? ['url cannot be used: give an http or https URL without credentials and without a fragment']
      : []),
    ...headerFaults(textsOf(headers)),
    ...programFaults(program),
  ]
}

function programFaults({ command, args, env, cwd }: Content): string[] {
  const texts = Object.entries({ command, args, cwd }).filter(([, value]) => hasNul(value))
  const variables = Object.entries(textsOf(env)).filter(
    ([name, value]) => !variableName.test(name) || hasNul(value),
  )
  return [
    ...(command === '' ? ['command is empty: give the name or the path of a program'] : []),
    ...texts.map(([key]) => `${key} has a NUL character in it: remove it`),
    ...variables.map(
      ([name]) => `env ${JSON.stringify(name)} cannot be a variable: no "=" and no NUL`,
    ),
  ]
}

function hasNul(value: unknown): boolean {
  return [value].flat().some((text) => typeof text === 'string' && text.includes('\0'))
}

function headerFaults(headers: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(headers)
  const folded = names.map((name) => name.toLowerCase())
  return names.flatMap((name, index) => {
    const place = `header ${JSON.stringify(name)}`
    if (!headerName.test(name))
      return [`${place} is no header name: remove what HTTP forbids there`]
    if (isOwnHeader(name.toLowerCase())) {
      return [`${place} is said by the gateway itself: remove it`]
    }
    if (folded.indexOf(name.toLowerCase()) !== index) return [`${place} is there twice: keep one`]
    return headerValue.test(headers[name] ?? '')
      ? []
      : [`${place} has a value that cannot be sent: give visible ASCII characters`]
  })
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return isContent(value) ? (value as Record<string, string>) : {}
}

function serverOf(name: string, content: Content): Server {
  const { url, headers, trusted, era, timeoutMs } = content
  const lower = Object.entries(textsOf(headers)).map(([key, value]) => [key.toLowerCase(), value])
  return {
    name,
    target: typeof url === 'string' ? { type: 'url', url } : commandOf(content),
    headers: Object.fromEntries(lower) as Record<string, string>,
    trusted: trusted === true,
    era: era === 'legacy' || era === 'modern' ? era : undefined,
    timeoutMs: typeof timeoutMs === 'number' ? timeoutMs : undefined,
  }
}

function commandOf({ command, args, env, cwd }: Content): UpstreamTarget {
  return {
    type: 'stdio',
    command: String(command),
    args: Array.isArray(args) ? args.map(String) : [],
    env: textsOf(env),
    cwd: typeof cwd === 'string' ? cwd : undefined,
  }
}
