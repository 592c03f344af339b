import { CelFault } from './condition.js'
import type { Expr, ParsedCel } from './engine.js'
import { isRoot, rootShapes } from './roots.js'
import { signatures, type Kind, type Signature } from './signatures.js'
import { callOf, loopOf, nameOf, partsOf, textConstant, type Call, type Loop } from './tree.js'
import { largestInt, largestUint, smallestInt } from './whole-number.js'

/**
 * Finds what can be found before there is a call: names and functions that are not there, operands that no function
 * takes, and conditions that are neither true nor false.
 * @throws CelFault
 */
export function checkCondition(parsed: ParsedCel): void {
  const { expr } = parsed
  refuseSize(parsed)
  const check: Check = { parsed, loops: 0 }
  requireBool(check, expr, kindOf(check, expr, new Map()))
}

interface Check {
  readonly parsed: ParsedCel
  /** Loops that the part stands in. */
  readonly loops: number
}

/** Variables of the loops that a part stands in. */
type Scope = ReadonlyMap<string, Kind>

const mostParts = 1_000
const deepestTree = 120
const mostLoops = 2

function refuseSize(parsed: ParsedCel): void {
  let parts = 0
  const visit = (expr: Expr, depth: number): void => {
    parts += 1
    if (parts > mostParts) {
      throw fault(parsed, expr, `more than ${mostParts} parts: split the rule into several`)
    }
    if (depth > deepestTree) {
      throw fault(
        parsed,
        expr,
        `nested deeper than ${deepestTree} levels: split the rule into several`,
      )
    }
    for (const part of partsOf(expr)) visit(part, depth + 1)
  }
  visit(parsed.expr, 0)
}

function kindOf(check: Check, expr: Expr, scope: Scope): Kind {
  const { exprKind } = expr
  switch (exprKind.case) {
    case 'constExpr':
      return kindOfConstant(check, expr)
    case 'identExpr':
      return kindOfName(check, expr, exprKind.value.name, scope)
    case 'selectExpr':
      return kindOfMember(check, expr, exprKind.value, scope)
    case 'callExpr':
      return kindOfCall(check, expr, exprKind.value, scope)
    case 'listExpr':
      for (const element of exprKind.value.elements) kindOf(check, element, scope)
      return 'list'
    case 'structExpr':
      if (exprKind.value.messageName !== '') {
        throw fault(check.parsed, expr, `unknown type: ${exprKind.value.messageName}`)
      }
      for (const part of partsOf(expr)) kindOf(check, part, scope)
      return 'map'
    case 'comprehensionExpr':
      return kindOfLoop(check, expr, exprKind.value, scope)
    case undefined:
      throw fault(check.parsed, expr, 'not an expression')
  }
}

const constantKinds: Readonly<Record<string, Kind>> = {
  boolValue: 'bool',
  int64Value: 'int',
  uint64Value: 'uint',
  doubleValue: 'double',
  stringValue: 'string',
  bytesValue: 'bytes',
  nullValue: 'null',
}

function kindOfConstant({ parsed }: Check, expr: Expr): Kind {
  const constant = expr.exprKind.case === 'constExpr' ? expr.exprKind.value.constantKind : undefined
  if (constant?.case === 'int64Value' || constant?.case === 'uint64Value') {
    const { value } = constant
    const fits =
      constant.case === 'int64Value'
        ? value >= smallestInt && value <= largestInt
        : value <= largestUint
    if (!fits) throw fault(parsed, expr, 'a whole number that does not fit into 64 bits')
  }
  return constantKinds[constant?.case ?? ''] ?? 'dyn'
}

const typeNames = new Set('int uint double bool string bytes list map null_type type'.split(' '))

function kindOfName({ parsed }: Check, expr: Expr, name: string, scope: Scope): Kind {
  const variable = scope.get(name)
  if (variable !== undefined) return variable
  if (name.startsWith('$')) return name === '$' || name === '$args' ? 'map' : 'dyn'
  if (isRoot(name)) return rootShapes[name].kind
  if (typeNames.has(name)) return 'type'
  const names = Object.keys(rootShapes).join(', ')
  throw fault(
    parsed,
    expr,
    `unknown name: ${name}. There are ${names}; write $${name} for an argument`,
  )
}

function kindOfMember(
  check: Check,
  expr: Expr,
  { operand, field, testOnly }: { operand?: Expr | undefined; field: string; testOnly: boolean },
  scope: Scope,
): Kind {
  if (operand === undefined) throw fault(check.parsed, expr, 'a member of nothing')
  const kind = kindOf(check, operand, scope)
  if (kind !== 'map' && kind !== 'dyn') {
    throw fault(
      check.parsed,
      expr,
      `${check.parsed.write(operand)} is ${one(kind)} and has no members`,
    )
  }
  const member = memberKind(check, expr, field, nameOf(operand), scope)
  return testOnly ? 'bool' : member
}

function memberKind(
  { parsed }: Check,
  expr: Expr,
  field: string,
  root: string | undefined,
  scope: Scope,
): Kind {
  if (root === undefined || scope.has(root) || !isRoot(root)) return 'dyn'
  const { members, known } = rootShapes[root]
  if (members === undefined) return ownKind(known, field)
  if (Object.hasOwn(members, field)) return ownKind(members, field)
  throw fault(
    parsed,
    expr,
    `unknown member: ${root}.${field}. There are ${Object.keys(members).join(', ')}`,
  )
}

function ownKind(kinds: Readonly<Record<string, Kind>> | undefined, name: string): Kind {
  return kinds !== undefined && Object.hasOwn(kinds, name) ? (kinds[name] ?? 'dyn') : 'dyn'
}

function kindOfCall(check: Check, expr: Expr, call: Call, scope: Scope): Kind {
  switch (call.function) {
    case '_&&_':
    case '_||_':
    case '!_':
      for (const operand of call.args) requireBool(check, operand, kindOf(check, operand, scope))
      return 'bool'
    case '_?_:_':
      return kindOfChoice(check, call, scope)
    case '@not_strictly_false':
      return 'bool'
    case 'has':
      return kindOfHas(check, expr, call, scope)
    default:
      return kindOfFunction(check, expr, call, scope)
  }
}

function kindOfChoice(check: Check, { args }: Call, scope: Scope): Kind {
  const [kind = 'dyn', left = 'dyn', right = 'dyn'] = args.map((arg) => kindOf(check, arg, scope))
  if (args[0] !== undefined) requireBool(check, args[0], kind)
  return left === right ? left : 'dyn'
}

/** What the parser leaves as a call: `has($name)` and `has(user["name"])`. */
function kindOfHas(check: Check, expr: Expr, { target, args }: Call, scope: Scope): Kind {
  const [asked, ...more] = args
  const name = nameOf(asked)
  const isArgument = name?.startsWith('$') === true && name !== '$args' && name !== '$'
  const index = asked && callOf(asked)
  const isMember = index?.function === '_[_]' && textConstant(index.args[1]) !== undefined
  if (target !== undefined || asked === undefined || more.length > 0 || !(isArgument || isMember)) {
    throw fault(
      check.parsed,
      expr,
      'has() asks for a member: write has(user.department) or has($name)',
    )
  }
  kindOf(check, asked, scope)
  return 'bool'
}

const macros = new Set(['exists', 'all', 'exists_one', 'existsOne', 'map', 'filter'])

function kindOfFunction(check: Check, expr: Expr, call: Call, scope: Scope): Kind {
  const { parsed } = check
  const named = signatures.get(call.function)
  if (named === undefined) {
    const hint = macros.has(call.function)
      ? `${call.function} needs a list, the name of a variable and an expression`
      : `unknown function: ${authorName(call.function)}`
    throw fault(parsed, expr, hint)
  }
  const target = call.target && kindOf(check, call.target, scope)
  const kinds = call.args.map((arg) => kindOf(check, arg, scope))
  const counted = named.filter(
    (one) =>
      (one.target === undefined) === (target === undefined) &&
      one.parameters.length === kinds.length,
  )
  if (counted.length === 0) {
    throw fault(parsed, expr, `${call.function} is not called like this: ${parsed.write(expr)}`)
  }
  const fitting = counted.filter((one) => fits(one, target, kinds))
  const [first] = fitting
  if (first === undefined) {
    const shown = [...(target === undefined ? [] : [target]), ...kinds].join(', ')
    throw fault(parsed, expr, `wrong types (${shown}): ${parsed.write(expr)}`)
  }
  return fitting.every(({ result }) => result === first.result) ? first.result : 'dyn'
}

function authorName(name: string): string {
  return name.replace(/^@/, '')
}

function fits(signature: Signature, target: Kind | undefined, kinds: readonly Kind[]): boolean {
  const takes = (allowed: readonly Kind[] | undefined, kind: Kind | undefined): boolean =>
    kind === undefined ||
    kind === 'dyn' ||
    allowed?.length === 0 ||
    allowed?.includes(kind) === true
  return (
    takes(signature.target, target) &&
    kinds.every((kind, at) => takes(signature.parameters[at], kind))
  )
}

function kindOfLoop(check: Check, expr: Expr, loop: Loop, scope: Scope): Kind {
  const { parsed } = check
  if (check.loops === mostLoops) {
    throw fault(parsed, expr, `loops are nested more than ${mostLoops} times`)
  }
  const { iterRange, iterVar, accuVar, loopStep } = loop
  const range = iterRange === undefined ? 'dyn' : kindOf(check, iterRange, scope)
  if (iterRange !== undefined && !['list', 'map', 'dyn'].includes(range)) {
    throw fault(
      parsed,
      iterRange,
      `${parsed.write(iterRange)} is ${one(range)} and cannot be looped over`,
    )
  }
  if (iterVar.startsWith('$') || loopStep === undefined) {
    throw fault(parsed, expr, 'the variable of a loop is a name without $')
  }
  const inner = { parsed, loops: check.loops + 1 }
  kindOf(inner, loopStep, new Map([...scope, [iterVar, 'dyn'], [accuVar, 'dyn']]))
  const isList = ['map', 'filter'].includes(parsed.macroOf(expr) ?? '')
  return isList ? 'list' : 'bool'
}

function requireBool({ parsed }: Check, expr: Expr, kind: Kind): void {
  if (kind === 'bool' || kind === 'dyn') return
  throw fault(parsed, expr, `${parsed.write(expr)} is ${one(kind)}, neither true nor false`)
}

function one(kind: Kind): string {
  return `${kind === 'int' ? 'an' : 'a'} ${kind}`
}

export function fault(parsed: ParsedCel, expr: Expr, message: string): CelFault {
  return new CelFault(message, startOf(parsed, expr))
}

/** Operators are placed where they stand: the first of the operands comes before. */
function startOf(parsed: ParsedCel, expr: Expr): number {
  const loop = loopOf(expr)
  const parts = loop === undefined ? partsOf(expr) : partsOf(expr).slice(0, 1)
  return parts.reduce(
    (start, part) => Math.min(start, startOf(parsed, part)),
    parsed.offsetOf(expr),
  )
}
