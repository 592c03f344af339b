import { startTestGateway, type TestGateway } from '../support/gateway.js'
import { bundleOf } from '../support/governed.js'

/** A gateway in front of several servers, by their names. */
export function startSeveral(
  servers: Record<string, string>,
  env: Record<string, string> = {},
): Promise<TestGateway> {
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([name, url]) => [name, { url }]),
  )
  return startTestGateway(
    {
      UPSTREAMS_FILE: 'servers.json',
      POLICY_MODE: 'enforce',
      POLICY_BUNDLE_PATH: bundleOf('scripted'),
      ...env,
    },
    { 'servers.json': JSON.stringify({ mcpServers }) },
  )
}
