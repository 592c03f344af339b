import type { BundleFile } from '../../domain/bundle.js'
import type { FieldPath } from '../../domain/field-path.js'
import { isJsonObject, type JsonObject } from '../../domain/json.js'
import { SensitiveFault, sensitivePaths } from '../../wire/sensitive-paths.js'
import { type Place, readYaml } from '../yaml-document.js'
import { textOf } from './file-text.js'
import type { Findings } from './findings.js'

/** By the names of the tools: what their output schemas mark as sensitive, and the schemas. */
export interface OutputSchemas {
  readonly sensitive: ReadonlyMap<string, readonly FieldPath[]>
  readonly outputs: ReadonlyMap<string, JsonObject>
}

/** Reads `schemas/TOOL.json`, the output schemas of tools. What is wrong is reported. */
export function readSchemas(files: readonly BundleFile[], findings: Findings): OutputSchemas {
  const outputs = new Map<string, JsonObject>()
  const sensitive = new Map<string, readonly FieldPath[]>()
  for (const file of files) {
    const tool = toolOf(file.name)
    const schema = schemaOf(file, findings)
    const paths = schema && sensitiveIn(schema, file.name, findings)
    if (schema === undefined || paths === undefined) continue
    outputs.set(tool, schema)
    sensitive.set(tool, paths)
  }
  return { sensitive, outputs }
}

function sensitiveIn(
  schema: JsonObject,
  file: string,
  findings: Findings,
): readonly FieldPath[] | undefined {
  try {
    return sensitivePaths(schema)
  } catch (thrown) {
    if (!(thrown instanceof SensitiveFault)) throw thrown
    findings.fault({ file, line: 1, column: 1 }, thrown.message)
    return undefined
  }
}

function toolOf(name: string): string {
  return name.replace(/^.*?schemas\//, '').replace(/\.json$/, '')
}

function schemaOf(file: BundleFile, findings: Findings): JsonObject | undefined {
  const text = textOf(file, mostBytes, findings)
  if (text === undefined) return undefined
  const schema = parsed(text)
  const twice = twiceIn(text)
  if (schema !== undefined && twice === undefined) return schema
  const { line, column } = twice ?? { line: 1, column: 1 }
  const message =
    schema === undefined
      ? 'is no JSON object: write the output schema of the tool'
      : 'the key stands twice: keep one'
  findings.fault({ file: file.name, line, column }, message)
  return undefined
}

const mostBytes = 1024 * 1024

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Where a key of a mapping stands again. */
function twiceIn(text: string): Place | undefined {
  const document = readYaml(text)
  if (document.type === 'value') return undefined
  return document.faults.find(({ code }) => code === 'DUPLICATE_KEY')
}
