// Reads what the chart rendered from stdin and asks the built gateway whether it would start with these settings.
import console from 'node:console'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../dist/config/load.js'

const documents = parseAllDocuments(readFileSync(0, 'utf8')).map((document) => document.toJS())
const deployment = documents.find((document) => document?.kind === 'Deployment')
const [container] = deployment.spec.template.spec.containers
// Long enough for each of the secrets, which are in no values file.
const secret = 'ab'.repeat(32)
const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? secret]))

const servers = documents.find(({ data } = {}) => data?.['mcp-servers.json'] !== undefined)
const example = '{"mcpServers": {"a": {"url": "http://a.example/mcp"}, "b": {"command": "b"}}}'
const supply = documents.find(({ metadata } = {}) => metadata?.name.endsWith('-supply'))
const supplied = Object.entries(supply?.data ?? {}).map(([name, text]) => [
  `/etc/portcullis/supply/${name}`,
  text,
])
const files = new Map([
  ...supplied,
  [env.UPSTREAMS_FILE, servers?.data['mcp-servers.json'] ?? example],
])
const readFile = (path) => files.get(path) ?? secret

const loaded = loadConfig({ flags: {}, env, readFile, checkFolder: () => undefined })
if (!loaded.ok) {
  for (const fault of loaded.faults) console.error(fault)
  process.exitCode = 1
}
