import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnGateway } from '../support/process.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = await readFile(join(root, 'README.md'), 'utf8')

/** What is pasted, in order, and the output that the README shows below it. */
const blocks = [
  ...readme.matchAll(/<!-- first rule(?:, (\S+))? -->\n\n```(?:sh|text)\n(.*?)```/gs),
].map(([, role = 'paste', text = '']) => ({ role, text }))

describe('the first rule of the README', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portcullis-first-rule-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** As if pasted in the clone, with files that stay out of it; `url` is where the gateway listens. */
  async function paste(text: string, url = ''): Promise<string> {
    const main = `node ${join(root, 'dist/main.js')}`
    const command = text.replaceAll('node dist/main.js', main)
    const { stdout } = await run('sh', ['-c', `${command.trim()}${url}`], { cwd: folder })
    return stdout
  }

  /** The gateway that a `serve` of the README starts. */
  async function served(text: string) {
    const mode = /POLICY_MODE=(\S+)/.exec(text)?.[1]
    const env = { POLICY_RULES_PATH: join(folder, 'my-rules'), ...(mode && { POLICY_MODE: mode }) }
    expect(text).toMatch(/POLICY_RULES_PATH=my-rules node dist\/main.js serve --demo\n$/)
    return spawnGateway(['--demo'], env)
  }

  const pasted = blocks.filter(({ role }) => role === 'paste').map(({ text }) => text)
  const outputs = blocks.filter(({ role }) => role === 'output').map(({ text }) => text)
  const serves = blocks.filter(({ role }) => role === 'serve').map(({ text }) => text)
  const [rules = '', cases = '', call = '', explain = ''] = pasted

  test('is written and tested as shown', async () => {
    expect(pasted).toHaveLength(4)
    await paste(rules)
    expect(await paste(cases)).toBe(outputs[0])
    expect(await paste(explain)).toBe(outputs[1])
  })

  test('is watched, then enforced', async () => {
    const [watch = '', enforce = ''] = serves
    const watching = await served(watch)
    try {
      expect(await paste(call, ` --url ${watching.mcpUrl}`)).toBe('Backup of main written\n')
      const line = await watching.seen('operatorLog', ({ msg }) => msg === 'would_deny')
      expect(line).toMatchObject({ rule: 'backups-are-for-dbas', effect: 'deny', enforced: false })
    } finally {
      await watching.stop()
    }
    const enforcing = await served(enforce)
    try {
      const refused = await paste(call, ` --url ${enforcing.mcpUrl}`).catch(
        (fault: unknown) => fault,
      )
      expect(String((refused as { stderr?: unknown }).stderr)).toContain(
        'Backups are for database administrators',
      )
      const employee = call.replace('database.backup', 'employee_data --param employee_id=\'"1"\'')
      expect(await paste(employee, ` --url ${enforcing.mcpUrl}`)).toMatch(/"\*{7}\d{4}"/)
    } finally {
      await enforcing.stop()
    }
  })
})
