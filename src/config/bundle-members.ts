import { isHttpAddress } from './addresses.js'
import { isContent } from './content.js'

/** A member that a bundle of `POLICY_BUNDLES_FILE` may have. */
export interface BundleMember {
  /** Worded to follow "give". */
  readonly allowed: string
  readonly isAllowed: (value: unknown) => boolean
  /** Of which kind of bundle it says something. */
  readonly of: 'url' | 'both'
}

/** A timer cannot be longer than 2^31 - 1 milliseconds. */
export const longestPollSec = 2_147_483
export const longestHoldSec = 600

const layers: readonly unknown[] = ['organisation', 'team', 'server', 'tool']
const scopeMembers = ['server', 'team', 'user', 'tool', 'kind']

export const bundleMembers: Readonly<Record<string, BundleMember>> = {
  path: { allowed: 'the path of a file or a folder', isAllowed: isPath, of: 'both' },
  url: {
    allowed: 'an http or https URL without credentials and without a fragment',
    isAllowed: (value) =>
      typeof value === 'string' && /^https?:\/\//i.test(value) && isHttpAddress(value),
    of: 'both',
  },
  layer: {
    allowed: 'organisation, team, server or tool',
    isAllowed: (value) => layers.includes(value),
    of: 'both',
  },
  scope: {
    allowed: `a mapping of ${scopeMembers.join(', ')} to a name or a glob such as "hr-*"`,
    isAllowed: (value) =>
      isTextMapping(value) && Object.keys(value).every((key) => scopeMembers.includes(key)),
    of: 'both',
  },
  keys: {
    allowed: 'a JWKS file, id=file.pem, or a list of these',
    isAllowed: (value) =>
      isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
    of: 'both',
  },
  require_signature: { allowed: 'true or false', isAllowed: isYesOrNo, of: 'both' },
  sha256: {
    allowed: '64 hexadecimal digits',
    isAllowed: (value) => typeof value === 'string' && /^[0-9a-fA-F]{64}$/.test(value),
    of: 'both',
  },
  token_file: { allowed: 'the path of a file that holds the token', isAllowed: isPath, of: 'url' },
  token_env: {
    allowed: 'the name of the variable that holds the token',
    isAllowed: (value) => typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value),
    of: 'url',
  },
  ca_file: { allowed: 'the path of a PEM file of certificates', isAllowed: isPath, of: 'url' },
  poll_sec: seconds(longestPollSec),
  long_poll_sec: seconds(longestHoldSec),
}

function seconds(most: number): BundleMember {
  return {
    allowed: `a whole number from 0 to ${most}`,
    isAllowed: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most,
    of: 'url',
  }
}

export function isTextMapping(value: unknown): value is Readonly<Record<string, string>> {
  return isContent(value) && Object.values(value).every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isPath(value: unknown): boolean {
  return isText(value) && !value.includes('\0')
}

function isYesOrNo(value: unknown): boolean {
  return typeof value === 'boolean'
}
