import type { Call } from '../domain/call.js'
import type { MirroredArgument } from '../domain/ports.js'
import { valueAt, verbatim, type JsonNode } from '../wire/json-tree.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'
import { writeMirrored } from '../wire/mirrored-headers.js'
import { askForTools } from './ask-for-tools.js'
import type { PipelineParts } from './parts.js'

/**
 * The patched call with `Mcp-Param-*` headers that say what its arguments say now (MCP 2026-07-28), since servers refuse
 * a call in which the two disagree. Which arguments have one is in the tool's schema: where that is not known, the
 * server is asked. Headers of arguments that did not change stay as the client sent them.
 */
export async function remirror(asked: Call, sent: Call, parts: PipelineParts): Promise<Call> {
  const { era, operation, server } = sent
  if (era !== 'modern' || operation.type !== 'tool') return sent
  let tool = parts.catalog.tool(server, operation.name)
  if (tool === undefined) {
    await askForTools(asked, parts)
    tool = parts.catalog.tool(server, operation.name)
  }
  return tool === undefined || tool.mirrored.length === 0
    ? sent
    : withMirrored(asked, sent, tool.mirrored)
}

/**
 * The same for a call that has to stay a dry run: of a tool whose schema is not known, no header says anything, so that
 * none can say otherwise than the argument.
 */
export async function remirrorDryRun(asked: Call, sent: Call, parts: PipelineParts): Promise<Call> {
  const mirrored = await remirror(asked, sent, parts)
  const { era, operation, server, headers } = mirrored
  const isKnown =
    operation.type === 'tool' && parts.catalog.tool(server, operation.name) !== undefined
  if (era !== 'modern' || isKnown) return mirrored
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith('mcp-param-'))
  return { ...mirrored, headers: Object.fromEntries(kept) }
}

function withMirrored(asked: Call, sent: Call, mirrored: readonly MirroredArgument[]): Call {
  const before = argumentsOf(asked)
  const after = argumentsOf(sent)
  const headers: Record<string, string> = { ...sent.headers }
  for (const { header, path } of mirrored) {
    const value = literalAt(after, path)
    if (value === literalAt(before, path)) continue
    const name = `mcp-param-${header.toLowerCase()}`
    const text = value === undefined ? undefined : mirroredText(value)
    if (text === undefined) Reflect.deleteProperty(headers, name)
    else headers[name] = text
  }
  return { ...sent, headers }
}

function argumentsOf({ operation, message: { text } }: Call): JsonNode {
  const span = operation.type === 'tool' ? operation.args : undefined
  return verbatim(span === undefined ? '{}' : text.toString('utf8', span.start, span.end))
}

/** The value as it is spelled; undefined where it is absent or no plain value. */
function literalAt(args: JsonNode, path: readonly string[]): string | undefined {
  const value = valueAt(args, path)
  return value?.form === 'verbatim' && !/^[[{]/.test(value.text) ? value.text : undefined
}

/** Undefined for what has no header: `null`, and a number that is no integer. */
function mirroredText(literal: string): string | undefined {
  if (literal.startsWith('"')) return writeMirrored(decodeLiteral(literal))
  if (literal === 'true' || literal === 'false' || /^-?\d+$/.test(literal)) return literal
  const number = Number(literal)
  return literal !== 'null' && Number.isSafeInteger(number) ? String(number) : undefined
}
