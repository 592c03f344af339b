/** A request of the modern era, as text. */
export function modern(
  method: string,
  params: object,
  id: number | string = 1,
  meta: object = {},
): string {
  const enveloped = { ...params, _meta: { ...envelope, ...meta } }
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: enveloped })
}

/** Headers that such a request mirrors. */
export function mirrored(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  }
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'tester', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {
    elicitation: { form: {}, url: {} },
    sampling: {},
    roots: {},
    extensions: { 'io.modelcontextprotocol/tasks': {} },
  },
}
