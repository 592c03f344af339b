/** Revisions of the modern era that the gateway itself speaks, newest first. */
export const modernRevisions: readonly string[] = ['2026-07-28']

/** Revisions with an `initialize` handshake, newest first. */
export const legacyRevisions: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
]

/** The revision that the gateway offers where it is the client of a legacy server. */
export const offeredRevision = '2025-11-25'

/** Revisions are dates: whatever comes after the first one without a handshake is of its era. */
export function isModernRevision(revision: string): boolean {
  return revision >= '2026-07-28'
}

const prefix = 'io.modelcontextprotocol/'

/** Members of `params._meta` by which a request of the modern era says what the handshake used to. */
export const envelopeKeys = {
  protocolVersion: `${prefix}protocolVersion`,
  clientInfo: `${prefix}clientInfo`,
  clientCapabilities: `${prefix}clientCapabilities`,
  logLevel: `${prefix}logLevel`,
} as const

/** Members of `_meta` of the modern era that messages of a server carry. */
export const serverInfoKey = `${prefix}serverInfo`
export const subscriptionIdKey = `${prefix}subscriptionId`

/** The extension of the modern era whose shapes the older tasks do not have. */
export const tasksExtension = `${prefix}tasks`
