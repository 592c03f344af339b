import { createPatterns } from '../patterns.js'
import { readAuthorText } from './author-text.js'
import { checkCondition } from './check.js'
import { createCelBudget } from './budget.js'
import { CelFault, type Condition } from './condition.js'
import { constantOf } from './constant.js'
import type { CelContext } from './context.js'
import {
  CelSyntaxError,
  createPlanner,
  parseCel,
  type Expr,
  type ParsedCel,
  type Variables,
} from './engine.js'
import { createEvaluation, type Evaluation } from './evaluate.js'
import { conditionValue, tellingParts } from './explain.js'
import { celFunctions } from './functions.js'
import { readsOf } from './reads.js'
import { nameOf, partsOf } from './tree.js'
import { loopsIn } from './turns.js'
import { weave, type CompilePatterns } from './weave.js'

/**
 * Parses, checks and plans a condition, so that everything that can be wrong with it is found before there is a call.
 * @param patterns shared by the conditions of a policy, so that a pattern that several have is compiled once
 * @throws CelFault with the place in `source`
 */
export function compileCondition(
  source: string,
  patterns: CompilePatterns = ownPatterns,
): Condition {
  const parsed = parseAuthorText(source)
  checkCondition(parsed)
  const reads = readsOf(parsed.expr)
  const evaluationOf = (part: Expr): Evaluation => {
    const ofPart = { ...parsed, expr: part }
    const { expr, literals } = weave(ofPart, patterns)
    const loops = loopsIn(part)
    return createEvaluation({
      parsed: ofPart,
      planned: plan(expr),
      literals,
      loops,
      reads: reads.roots,
    })
  }
  const { held } = evaluationOf(parsed.expr)
  return {
    source,
    reads: reads.roots,
    readsArguments: reads.arguments,
    constant: constantOf(parsed, (part) => evaluationOf(part).held(nothingToRead())),
    evaluate: held,
    explain: (context) =>
      tellingParts(parsed).map((part) =>
        conditionValue(parsed, part, evaluationOf(part).told(context)),
      ),
  }
}

const plan = createPlanner(celFunctions())

const ownPatterns: CompilePatterns = { compile: (pattern) => createPatterns().compile(pattern) }

function parseAuthorText(source: string): ParsedCel {
  const { text, dollars } = readAuthorText(source)
  try {
    const parsed = parseCel(text)
    nameArguments(parsed, dollars)
    return parsed
  } catch (thrown) {
    if (thrown instanceof CelSyntaxError) throw syntaxFault(source, thrown.offset)
    // The parser calls itself; what is nested this deep was not counted before.
    if (thrown instanceof RangeError) throw new CelFault('nested too deep', 0)
    throw thrown
  }
}

function syntaxFault(source: string, offset: number): CelFault {
  const [found = ''] = /^(?:\w+|[^])?/u.exec(source.slice(offset)) ?? []
  const hint = Object.hasOwn(hints, found) ? `: write ${hints[found] ?? ''}` : ''
  const message = found.trim() === '' ? 'it ends too early' : `unexpected ${found}${hint}`
  return new CelFault(`not CEL: ${message}`, offset)
}

/** What people write who know other languages. */
const hints: Readonly<Record<string, string>> = {
  '=': '== to compare',
  '&': '&&',
  '|': '||',
  and: '&&',
  or: '||',
  not: '!',
  AND: '&&',
  OR: '||',
}

/**
 * Gives names that stand at a `$` their `$` back.
 * @throws CelFault for a `$` that is part of no expression: the variable of a loop, the name of a function
 */
function nameArguments(parsed: ParsedCel, dollars: ReadonlySet<number>): void {
  const left = new Set(dollars)
  const visit = (expr: Expr): void => {
    const offset = parsed.offsetOf(expr)
    const { exprKind } = expr
    if (
      exprKind.case === 'identExpr' &&
      dollars.has(offset) &&
      nameOf(expr)?.startsWith('_') === true
    ) {
      exprKind.value.name = `$${exprKind.value.name.slice(1)}`
      left.delete(offset)
    }
    for (const part of partsOf(expr)) visit(part)
  }
  visit(parsed.expr)
  const [stray] = left
  if (stray !== undefined)
    throw new CelFault('no argument can stand here: write $name as a value', stray)
}

/** For parts that read nothing: whatever they take is taken at load. */
function nothingToRead(): CelContext {
  const extent = { sizeAt: () => 0, largest: () => 0, nodes: () => 0 }
  return {
    budget: createCelBudget(longestConstantMs),
    variables: noVariables,
    extent: () => extent,
  }
}

const longestConstantMs = 10
const noVariables = Object.create(null) as Variables
