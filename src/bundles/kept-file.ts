import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The name of a file for a member of that name: readable, and never the same for two. */
export function fileNameOf(member: string, ending: string): string {
  const readable = member.replaceAll(/[^A-Za-z0-9-]/g, '_').slice(0, longestReadable)
  const digest = createHash('sha256').update(member).digest('hex').slice(0, digestDigits)
  return `${readable}-${digest}${ending}`
}

/**
 * The whole file; undefined where there is none. Only what a regular file holds is read: anything else may never end,
 * or never begin.
 * @throws Error that says why it cannot be read
 */
export async function readKept(
  folder: string,
  name: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const file = await open(join(folder, name), asFound).catch((fault: unknown) => {
    if (isMissing(fault)) return undefined
    throw fault
  })
  if (file === undefined) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > maxBytes) {
      throw new Error(`it has ${stats.size} bytes, over the limit of ${maxBytes}`)
    }
    return await file.readFile()
  } finally {
    await file.close()
  }
}

function isMissing(fault: unknown): boolean {
  const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/**
 * Replaces a file in one step, durably: whoever reads it, also after a crash, finds the old content or the new. Several
 * processes may do so at once.
 */
export async function replaceFile(folder: string, name: string, content: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await removeLeftOvers(folder, name)
  const temporary = join(folder, `${leftOverPrefix(name)}${randomBytes(8).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } catch (fault) {
    await rm(temporary, { force: true })
    throw fault
  }
  await syncFolder(folder)
}

/** A process that was killed while it wrote leaves its temporary file; one that still writes is young. */
async function removeLeftOvers(folder: string, name: string): Promise<void> {
  const names = await readdir(folder)
  for (const each of names.filter((each) => each.startsWith(leftOverPrefix(name)))) {
    const path = join(folder, each)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > leftOverMs) {
      await rm(path, { force: true })
    }
  }
}

/** The rename is durable only with the folder. Not every file system can do that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync().catch(() => undefined)
  } finally {
    await handle?.close()
  }
}

function leftOverPrefix(name: string): string {
  return `.${name}.`
}

// A pipe would wait for somebody to write to it.
const asFound = constants.O_RDONLY | constants.O_NONBLOCK
const longestReadable = 40
const digestDigits = 16
const leftOverMs = 60 * 60 * 1000
