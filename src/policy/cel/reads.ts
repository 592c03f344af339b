import type { CelRoot } from './condition.js'
import type { Expr } from './engine.js'
import { isRoot } from './roots.js'
import { callOf, loopOf, nameOf, partsOf, textConstant } from './tree.js'

export interface Reads {
  /** `tool.args` and `tool` as a whole count as `args` too. */
  readonly roots: ReadonlySet<CelRoot>
  /** Arguments of a tool or a prompt, however they are named. */
  readonly arguments: boolean
}

/** What an expression reads outside of the variables of its own loops. */
export function readsOf(expr: Expr): Reads {
  const roots = new Set<CelRoot>()
  let readsArguments = false
  const visit = (part: Expr, variables: ReadonlySet<string>): void => {
    const loop = loopOf(part)
    if (loop !== undefined) {
      if (loop.iterRange !== undefined) visit(loop.iterRange, variables)
      const inner = new Set([...variables, loop.iterVar])
      if (loop.loopStep !== undefined) visit(loop.loopStep, inner)
      return
    }
    const { operand, field } = memberOf(part)
    const owner = nameOf(operand)
    if ((owner === 'tool' || owner === 'prompt') && !variables.has(owner) && field !== undefined) {
      roots.add(owner)
      if (field === 'args') add('args', owner)
      return
    }
    const name = nameOf(part)
    if (name !== undefined && !variables.has(name)) addName(name)
    for (const inside of partsOf(part)) visit(inside, variables)
  }
  visit(expr, new Set())
  return { roots, arguments: readsArguments }

  function addName(name: string): void {
    if (name.startsWith('$')) add('args', 'args')
    else if (isRoot(name)) add(name, name)
  }
  function add(root: CelRoot, owner: string): void {
    // Those of a prompt are no reason to take the condition for one about tools.
    if (owner !== 'prompt') roots.add(root)
    else roots.add('prompt')
    if (owner === 'tool') roots.add('args')
    if (root === 'args' || owner === 'tool' || owner === 'prompt') readsArguments = true
  }
}

export interface Member {
  readonly operand?: Expr | undefined
  /** Undefined where it is no text that is written out. */
  readonly field?: string | undefined
  /** A number that is written out: `list[0]`. */
  readonly index?: string | undefined
}

/** `operand.field`, `operand["field"]`, `operand[0]`; of any other expression nothing. */
export function memberOf(expr: Expr): Member {
  const { exprKind } = expr
  if (exprKind.case === 'selectExpr') return exprKind.value
  const call = callOf(expr)
  if (call?.function !== '_[_]') return {}
  const [operand, key] = call.args
  return { operand, field: textConstant(key), index: numberConstant(key) }
}

function numberConstant(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'constExpr') return undefined
  const { constantKind } = expr.exprKind.value
  return constantKind.case === 'int64Value' ? String(constantKind.value) : undefined
}
