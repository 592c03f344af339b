import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestGateway, trustLoopback, type TestGateway } from './gateway.js'

/**
 * A gateway in enforce mode whose policy is a text of rules; who calls stands in headers.
 * @param url of the one server, where no file names servers
 */
export async function startRuled(
  url: string,
  rules: string,
  env: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'rules-'))
  const path = join(folder, 'rules.yaml')
  await writeFile(path, rules)
  const gateway = await startTestGateway(
    {
      ...(env['UPSTREAMS_FILE'] === undefined ? { UPSTREAM_URL: url } : {}),
      POLICY_MODE: 'enforce',
      POLICY_RULES_PATH: path,
      ...trustLoopback,
      ...env,
    },
    files,
  )
  return {
    ...gateway,
    close: async () => {
      await gateway.close()
      await rm(folder, { recursive: true })
    },
  }
}
