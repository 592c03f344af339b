import type { Patterns } from '../../domain/ports.js'
import { programSize } from '../builtins/regex-size.js'
import { fault } from './check.js'
import { standardValue, type Expr, type ParsedCel } from './engine.js'
import { blockOf } from './network-functions.js'
import { readGlob, type SizedPattern } from './text-functions.js'
import { readTimeRule, readTimeZone } from './time-functions.js'
import {
  callInPlace,
  callOf,
  countParts,
  intConstant,
  kindOf,
  loopOf,
  nameOf,
  textConstant,
  withParts,
  type Call,
  type Loop,
} from './tree.js'

export interface Woven {
  readonly expr: Expr
  /** What literals stand for: patterns, blocks of addresses, globs, time windows. */
  readonly literals: readonly unknown[]
}

/**
 * The expression that is evaluated in the place of the author's: arguments are members of `args`, loops count their
 * turns, and literals are read once. Parts keep their ids.
 * @throws CelFault where a literal is not what the function takes
 */
export function weave(parsed: ParsedCel, patterns: CompilePatterns): Woven {
  const literals: unknown[] = []
  const weaving: Weaving = {
    parsed,
    patterns,
    keep: (literal) => literals.push(literal) - 1,
  }
  return { expr: wovenPart(weaving, parsed.expr), literals }
}

/** Compiles patterns of RE2. */
export type CompilePatterns = Pick<Patterns, 'compile'>

interface Weaving {
  readonly parsed: ParsedCel
  readonly patterns: CompilePatterns
  /** Gives the place among the literals. */
  keep(literal: unknown): number
}

function wovenPart(weaving: Weaving, expr: Expr): Expr {
  const name = nameOf(expr)
  if (name?.startsWith('$') === true) return argument(expr, name.slice(1), false)
  const loop = loopOf(expr)
  if (loop !== undefined) return wovenLoop(weaving, expr, loop)
  const call = callOf(expr)
  const replaced = call && wovenCall(weaving, expr, call)
  return replaced ?? withParts(expr, (part) => wovenPart(weaving, part))
}

function argument(expr: Expr, name: string, testOnly: boolean): Expr {
  const args = kindOf(expr, {
    case: 'identExpr',
    value: { $typeName: 'cel.expr.Expr.Ident', name: 'args' },
  })
  return name === '' || name === 'args' ? args : member(expr, args, name, testOnly)
}

function member(expr: Expr, operand: Expr, field: string, testOnly: boolean): Expr {
  return kindOf(expr, {
    case: 'selectExpr',
    value: { $typeName: 'cel.expr.Expr.Select', operand, field, testOnly },
  })
}

function wovenLoop(weaving: Weaving, expr: Expr, loop: Loop): Expr {
  const steps = loop.loopStep === undefined ? 0 : countParts(loop.loopStep)
  return withParts(expr, (part) => {
    const inner = wovenPart(weaving, part)
    if (part === loop.iterRange) return callInPlace(part, '@range', [inner])
    if (part === loop.loopStep) return callInPlace(part, '@passed', [inner])
    if (part !== loop.loopCondition) return inner
    return callInPlace(part, '@turn', [inner, intConstant(part, countParts(part) + steps)])
  })
}

/** Undefined for a call that stays as it is. */
function wovenCall(weaving: Weaving, expr: Expr, call: Call): Expr | undefined {
  const { target, args } = call
  const operands = target === undefined ? args : [target, ...args]
  switch (call.function) {
    case 'has':
      return wovenHas(weaving, expr, args)
    case 'matches':
      return withLiteral(weaving, expr, '@matches', operands, (text) => readPattern(weaving, text))
    case 'glob':
      return withLiteral(weaving, expr, '@glob', operands, readGlob)
    case 'inCidr':
      return wovenBlocks(weaving, expr, operands)
    case 'within':
      return wovenWindows(weaving, expr, operands)
    case 'timestamp':
    case 'duration':
      return wovenMoment(weaving, expr, call)
    default:
      checkZone(weaving, call)
      return undefined
  }
}

function wovenHas(weaving: Weaving, expr: Expr, args: readonly Expr[]): Expr | undefined {
  const [asked] = args
  if (asked === undefined) return undefined
  const name = nameOf(asked)
  if (name !== undefined) return argument(expr, name.slice(1), true)
  const [operand, field] = callOf(asked)?.args ?? []
  const key = textConstant(field)
  if (operand === undefined || key === undefined) return undefined
  return member(expr, wovenPart(weaving, operand), key, true)
}

function readPattern({ patterns }: Weaving, source: string): SizedPattern {
  return { pattern: patterns.compile(source), size: programSize(source) }
}

function withLiteral(
  weaving: Weaving,
  expr: Expr,
  name: string,
  [text, literal]: readonly Expr[],
  read: (literal: string) => unknown,
): Expr | undefined {
  const written = textConstant(literal)
  if (text === undefined || literal === undefined) return undefined
  if (written === undefined && name === '@matches') {
    throw fault(weaving.parsed, literal, 'a pattern must be written out: a text in quotes')
  }
  if (written === undefined) return undefined
  const place = weaving.keep(readLiteral(weaving, literal, () => read(written)))
  return callInPlace(expr, name, [wovenPart(weaving, text), intConstant(literal, place)])
}

function wovenBlocks(weaving: Weaving, expr: Expr, [ip, cidrs]: readonly Expr[]): Expr | undefined {
  if (ip === undefined || cidrs === undefined) return undefined
  const { exprKind } = cidrs
  const written = exprKind.case === 'listExpr' ? exprKind.value.elements : [cidrs]
  if (written.some((cidr) => textConstant(cidr) === undefined)) return undefined
  const blocks = written.map((cidr) =>
    readLiteral(weaving, cidr, () => blockOf(textConstant(cidr))),
  )
  const place = intConstant(cidrs, weaving.keep(blocks))
  return callInPlace(expr, '@inCidr', [wovenPart(weaving, ip), place])
}

function wovenWindows(
  weaving: Weaving,
  expr: Expr,
  [time, windows, zone]: readonly Expr[],
): Expr | undefined {
  const hours = textConstant(windows)
  const name = zone === undefined ? 'UTC' : textConstant(zone)
  if (time === undefined || windows === undefined) return undefined
  if (hours !== undefined) readLiteral(weaving, windows, () => readTimeRule(hours, 'UTC'))
  if (zone !== undefined && name !== undefined) readLiteral(weaving, zone, () => readTimeZone(name))
  if (hours === undefined || name === undefined) return undefined
  const place = intConstant(windows, weaving.keep(readTimeRule(hours, name)))
  return callInPlace(expr, '@within', [wovenPart(weaving, time), place])
}

function wovenMoment(
  weaving: Weaving,
  expr: Expr,
  { function: name, args }: Call,
): Expr | undefined {
  const [literal] = args
  const written = textConstant(literal)
  if (literal === undefined || written === undefined) return undefined
  const moment = standardValue(expr)
  if (moment === undefined)
    throw fault(weaving.parsed, literal, `no ${name}: write such as ${moments[name] ?? ''}`)
  return callInPlace(expr, '@literal', [intConstant(literal, weaving.keep(moment))])
}

const moments: Readonly<Record<string, string>> = {
  timestamp: '2026-01-31T12:00:00Z',
  duration: '1h30m',
}

function checkZone(weaving: Weaving, { function: name, args: [zone] }: Call): void {
  const written = textConstant(zone)
  if (!/^get[A-Z]/.test(name) || zone === undefined || written === undefined) return
  readLiteral(weaving, zone, () => readTimeZone(written))
}

function readLiteral<Value>({ parsed }: Weaving, literal: Expr, read: () => Value): Value {
  try {
    return read()
  } catch (thrown) {
    throw fault(parsed, literal, thrown instanceof Error ? thrown.message : 'not readable')
  }
}
