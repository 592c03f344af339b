import type { JsonObject } from '../../domain/json.js'
import type { ReadFile, ReadRule } from './lint-rules.js'
import { namesNothing } from './schema-places.js'

/** Warns of fields that the output schema of the tool does not have. */
export function lintFields(
  { rules, file }: ReadFile,
  outputs: ReadonlyMap<string, JsonObject>,
): void {
  if (outputs.size === 0) return
  for (const each of rules) {
    for (const tool of toolsOf(each, file.scope.tool)) {
      const schema = outputs.get(tool)
      if (schema !== undefined) lintPaths(each, tool, schema)
    }
  }
}

/** The tools that a rule names exactly. */
function toolsOf({ rule }: ReadRule, scoped: string | undefined): readonly string[] {
  if (rule.hook === 'pre') return []
  const named = rule.match.tool ?? (scoped === undefined ? [] : [scoped])
  return named.filter((name) => !name.includes('*'))
}

function lintPaths({ rule, draft }: ReadRule, tool: string, schema: JsonObject): void {
  const { action } = rule
  if (action.effect !== 'filter_fields' && action.effect !== 'mask_fields') return
  for (const [index, path] of action.paths.entries()) {
    if (!namesNothing(path, schema)) continue
    draft.reporter.warn(
      ['fields', index],
      `the output schema of ${tool} has no ${path.source}: the rule hides nothing there`,
    )
  }
}
