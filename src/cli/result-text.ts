import { z } from 'zod'
import { CommandError, type ExitCode, type Terminal } from './command.js'

/** What is printed of a tool's result; its members are those of MCP's `CallToolResult`. */
export interface ToolResult {
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: Readonly<Record<string, unknown>> | undefined
  readonly isError?: boolean | undefined
}

type ContentBlock = { readonly type: string } & Readonly<Record<string, unknown>>

/** @throws CommandError 1 where it is no result of a tool */
export function toolResult(value: unknown): ToolResult {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CommandError(1, 'The server answers with something that is no result of a tool')
}

const schema = z.looseObject({
  content: z.array(z.looseObject({ type: z.string() })).default([]),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
})

/** A result to stdout, what a tool calls an error to stderr. */
export function printResult(result: ToolResult, asJson: boolean, terminal: Terminal): ExitCode {
  const text = asJson ? JSON.stringify(result, undefined, 2) : resultText(result)
  if (result.isError === true && !asJson) terminal.err(`${text}\n`)
  else terminal.out(`${text}\n`)
  return result.isError === true ? 1 : 0
}

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
