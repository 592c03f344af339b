// An MCP server on stdin and stdout:
//   node test/support/everything/stdio.mjs [--era legacy|modern|both]
import console from 'node:console'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import { createEverything } from './server.mjs'

const factory = createEverything()
const eras = {
  both: () => serveStdio(factory),
  modern: () => serveStdio(factory, { legacy: 'reject' }),
  // As servers were before there was another era: they answer what they do not know with -32601.
  legacy: async () => (await factory({ era: 'legacy' })).connect(new StdioServerTransport()),
}

const { values } = parseArgs({ options: { era: { type: 'string', default: 'both' } } })
if (!Object.hasOwn(eras, values.era)) {
  console.error(`--era is one of ${Object.keys(eras).join(', ')}, not ${values.era}`)
  process.exit(2)
}
await eras[values.era]()
