import { toolArguments } from './arguments.js'
import { callOptions } from './call-options.js'
import { judgeCall, type CalledTool } from './judged-call.js'
import { parseCommandLine } from './command.js'
import { connectMcp, mcpEndpoint, requestHeaders } from './mcp-client.js'
import { opaOption } from './policy-set.js'
import { refusalText } from './refusal-text.js'
import { printResult, toolResult } from './result-text.js'
import { identityHeaders, readUserContext } from './user-context.js'
import type { Command, ExitCode, Terminal } from './command.js'

const options = {
  ...callOptions,
  url: {
    type: 'string',
    value: 'URL',
    help: 'The MCP endpoint; by default http://127.0.0.1:8080/mcp',
  },
  header: {
    type: 'string',
    multiple: true,
    value: "'NAME: VALUE'",
    help: 'One more request header',
  },
  bundle: {
    type: 'string',
    value: 'FILE|SET|RULES',
    help: 'Judge the call with this policy, here: without --url only before it would be sent',
  },
  server: { type: 'string', value: 'NAME', help: 'With --bundle: the server whose tool it is' },
  json: { type: 'boolean', help: 'Print the whole result as JSON' },
  opa: opaOption,
} as const

export const call: Command = {
  name: 'call',
  summary: 'Call one tool and print its result',
  synopsis:
    "TOOL [--param NAME=VALUE]… [--user-context JSON|@FILE] [--url URL] [--header 'NAME: VALUE']… [--bundle FILE|SET|RULES [--server NAME] [--opa PATH]] [--json]",
  options,
  details: [
    '--user-context is sent in X-Forwarded-User, -Roles, -Teams and -Claims. A gateway believes them from its TRUSTED_PROXIES',
    'only; from anyone else it removes them. With --bundle the policy decides here, as that user: alone it prints the decision,',
    'with --url the call is sent as the policy permits it, and its result printed as the policy leaves it. Which rules decided',
    'stands on stderr. Exit code 1 when the call is refused or fails.',
  ].join('\n'),
  async run(commandLine, { terminal }) {
    const { values, positionals } = parseCommandLine(commandLine, options, ['TOOL'])
    const [name = ''] = positionals
    const user = readUserContext(values['user-context'])
    const tool = { name, args: toolArguments(values.param ?? []) }
    const asJson = values.json === true
    const { bundle: path, opa, server = 'default' } = values
    const extra = requestHeaders(values.header ?? [])
    if (path !== undefined) {
      const url = values.url === undefined ? undefined : mcpEndpoint(values.url)
      const target = { url, headers: extra, server }
      return judgeCall({ path, opa, tool, user, target, asJson, terminal })
    }
    const headers = { ...identityHeaders(user), ...extra }
    const url = mcpEndpoint(values.url ?? 'http://127.0.0.1:8080/mcp')
    return callTool({ url, headers, tool, asJson, terminal })
  },
}

async function callTool({
  url,
  headers,
  tool,
  asJson,
  terminal,
}: {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly tool: CalledTool
  readonly asJson: boolean
  readonly terminal: Terminal
}): Promise<ExitCode> {
  const connected = await connectMcp(url, headers)
  if (connected.type === 'refused') {
    terminal.err(refusalText(connected.error))
    return 1
  }
  const { client } = connected
  try {
    const answered = await client.request('tools/call', { name: tool.name, arguments: tool.args })
    if (answered.type === 'result')
      return printResult(toolResult(answered.result), asJson, terminal)
    terminal.err(refusalText(answered.error))
    return 1
  } finally {
    await client.close()
  }
}
