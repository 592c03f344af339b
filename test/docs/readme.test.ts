import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnGateway, type GatewayProcess } from '../support/process.js'

const run = promisify(execFile)
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

interface Example {
  readonly mode: string
  readonly tool: string
  readonly command: string
  readonly output: string
}

/** A command of the quick start, and the output that the README shows for it. */
const examples: readonly Example[] = [
  ...readme.matchAll(/<!-- quick start, (\S+) -->\n\n```sh\n(.*?)```\n\n```text\n(.*?)```/gs),
].map(([, mode = '', command = '', output = '']) => {
  const tool = /"name":"([^"]+)"/.exec(command)?.[1] ?? ''
  return { mode, tool, command, output }
})

const logLine = JSON.parse(
  /<!-- quick start, log -->\n\n```json\n(.*?)```/s.exec(readme)?.[1] ?? '',
) as Record<string, unknown>

// What the tests need besides Node has to be optional.
const hasCurl = spawnSync('curl', ['--version']).status === 0

describe('the quick start of the README', () => {
  const gateways: Record<string, GatewayProcess> = {}
  beforeAll(async () => {
    gateways['audit-only'] = await spawnGateway(['--demo'], {})
    gateways['enforce'] = await spawnGateway(['--demo'], { EXPERIMENTAL_POLICY_ENGINE: 'true' })
  })
  afterAll(async () => {
    await Promise.all(Object.values(gateways).map((gateway) => gateway.stop()))
  })

  test('has a call for each mode', () => {
    expect(examples.map(({ mode }) => mode)).toEqual([
      'audit-only',
      'audit-only',
      'enforce',
      'enforce',
      'enforce',
      'enforce',
    ])
    expect(examples).toHaveLength(readme.match(/<!-- quick start, (?!log)/g)?.length ?? 0)
  })

  test.skipIf(!hasCurl).each(examples)(
    'in $mode mode, the pasted call of $tool answers what is shown',
    async ({ mode, command, output }) => {
      expect(command).toContain(defaultAddress)
      const pasted = command.replace(defaultAddress, gateways[mode]?.mcpUrl ?? '')
      const { stdout, stderr } = await run('sh', ['-c', pasted], {
        env: { PATH: process.env['PATH'] },
      })
      expect([withoutIds(stdout), stderr]).toEqual([withoutIds(output), ''])
    },
  )

  test.skipIf(!hasCurl)('the line of the operator log is there', async () => {
    const line = await gateways['audit-only']?.seen('operatorLog', ({ msg }) => msg === logLine.msg)
    expect(line).toMatchObject(logLine)
  })
})

const defaultAddress = 'http://127.0.0.1:8080/mcp'

/** Ids of decisions are new each time. */
function withoutIds(text: string): string {
  return text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
}
