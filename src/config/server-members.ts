import { isHttpAddress } from './addresses.js'
import { isContent } from './content.js'

/** A member that a server of `mcpServers` may have. */
export interface ServerMember {
  /** Worded to follow "give". */
  readonly allowed: string
  readonly isAllowed: (value: unknown) => boolean
  /** Of which kind of server it says something. */
  readonly of: 'url' | 'command' | 'both'
}

export const longestTimerMs = 2_147_483_647

export const serverMembers: Readonly<Record<string, ServerMember>> = {
  type: {
    allowed: 'http, streamable-http or stdio',
    isAllowed: (value) => typeof value === 'string' && Object.hasOwn(transports, value),
    of: 'both',
  },
  url: { allowed: 'a text', isAllowed: isText, of: 'url' },
  headers: {
    allowed: 'a mapping of header names to texts',
    isAllowed: isTextMapping,
    of: 'url',
  },
  command: { allowed: 'the name or the path of a program', isAllowed: isText, of: 'command' },
  args: { allowed: 'a list of texts', isAllowed: isTextList, of: 'command' },
  env: { allowed: 'a mapping of variables to texts', isAllowed: isTextMapping, of: 'command' },
  cwd: { allowed: 'the path of a folder', isAllowed: isText, of: 'command' },
  disabled: { allowed: 'true or false', isAllowed: isYesOrNo, of: 'both' },
  trusted: { allowed: 'true or false', isAllowed: isYesOrNo, of: 'both' },
  era: {
    allowed: 'legacy or modern',
    isAllowed: (value) => value === 'legacy' || value === 'modern',
    of: 'both',
  },
  timeoutMs: {
    allowed: `a whole number from 1 to ${longestTimerMs}`,
    isAllowed: (value) =>
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= longestTimerMs,
    of: 'both',
  },
}

/** What `type` says, as hosts spell it. */
export const transports: Readonly<Record<string, 'url' | 'command'>> = {
  http: 'url',
  'streamable-http': 'url',
  stdio: 'command',
}

/** What keeps a name out: it stands in paths (`/servers/NAME/mcp`) and in front of tools (`NAME__tool`). */
export function isServerName(name: string): boolean {
  return (
    name.length <= 64 && /^[A-Za-z0-9](?:[A-Za-z0-9.-]|_(?!_))*$/.test(name) && !name.endsWith('_')
  )
}

/** @param name in lower case */
export function isOwnHeader(name: string): boolean {
  return protocolHeader.test(name)
}

/** What the gateway, HTTP or MCP says in each request: a fixed value could only be wrong. */
const protocolHeader =
  /^(?:host|content-.*|accept|accept-encoding|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|last-event-id|mcp-.*)$/

export const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** RFC 9110, section 5.5, without what is obsolete there. */
export const headerValue = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

export const variableName = /^[^=\0]+$/

export function isServerUrl(url: string): boolean {
  return /^https?:\/\//i.test(url) && isHttpAddress(url)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isYesOrNo(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isTextMapping(value: unknown): boolean {
  return isContent(value) && Object.values(value).every((item) => typeof item === 'string')
}
