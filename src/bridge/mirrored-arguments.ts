import type { Call, Headers } from '../domain/call.js'
import type { Catalog } from '../domain/ports.js'
import { readMirrored, writeMirrored } from '../wire/mirrored-headers.js'
import { itemsOf, stringOf, textAt } from './object-text.js'

/** Keeps what a `tools/list` result says. */
export function learnTools(catalog: Catalog, server: string, result: string): void {
  const items = itemsOf(textAt(result, 'tools'))
  if (items.length > 0)
    catalog.learn(
      server,
      items.map((item) => Buffer.from(item)),
    )
}

/** The `Mcp-Param-*` headers that a call of a tool needs towards a modern server, as far as the tool is known. */
export function mirroredArguments(call: Call, catalog: Catalog): Headers {
  const values = valuesOf(call, catalog)
  return Object.fromEntries(values.map(([name, value]) => [name, writeMirrored(value)]))
}

/** The header of a modern client's call that is missing, or says something else than the argument that it mirrors. */
export function disagreeing(call: Call, catalog: Catalog): string | undefined {
  const wrong = valuesOf(call, catalog).find(([name, value]) => {
    const header = call.headers[name]
    const said = header === undefined ? undefined : readMirrored(header)
    return said === undefined || !isSame(said, value)
  })
  return wrong?.[0]
}

/** Names in lower case; an argument that is absent or `null` has no header. */
function valuesOf(
  { operation, server, message }: Call,
  catalog: Catalog,
): readonly (readonly [string, string])[] {
  if (operation.type !== 'tool' || operation.args === undefined) return []
  const mirrored = catalog.tool(server, operation.name)?.mirrored ?? []
  if (mirrored.length === 0) return []
  const args = message.text.toString('utf8', operation.args.start, operation.args.end)
  return mirrored.flatMap(({ header, path }) => {
    const value = plainValue(textAt(args, ...path))
    return value === undefined ? [] : [[`mcp-param-${header.toLowerCase()}`, value] as const]
  })
}

function plainValue(json: string | undefined): string | undefined {
  if (json === undefined || json === 'null' || /^[[{]/.test(json)) return undefined
  if (json.startsWith('"')) return stringOf(json)
  if (json === 'true' || json === 'false' || integer.test(json)) return json
  const number = Number(json)
  return Number.isSafeInteger(number) ? String(number) : undefined
}

const integer = /^-?\d+$/
const decimal = /^-?\d+(?:\.\d+)?$/

/** Numbers are compared as numbers: `42.0` is `42`; what a double cannot hold has to be spelled alike. */
function isSame(said: string, value: string): boolean {
  if (said === value) return true
  if (!decimal.test(said) || !decimal.test(value)) return false
  return Number.isSafeInteger(Number(value)) && Number(said) === Number(value)
}
