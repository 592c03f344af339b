/** What is printed of a tool's result; its members are those of MCP's `CallToolResult`. */
export interface ToolResult {
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: Readonly<Record<string, unknown>> | undefined
  readonly isError?: boolean | undefined
}

type ContentBlock = { readonly type: string } & Readonly<Record<string, unknown>>

/** Texts as they are, everything else named in a line. */
export function resultText({ content, structuredContent }: ToolResult): string {
  if (content.length === 0 && structuredContent !== undefined) {
    return JSON.stringify(structuredContent, undefined, 2)
  }
  return content.map(blockText).join('\n')
}

function blockText(block: ContentBlock): string {
  if (typeof block['text'] === 'string') return block['text']
  const named = [block['mimeType'], block['uri']].filter((word) => typeof word === 'string')
  return `[${[block.type, ...named].join(' ')}]`
}
