import {
  celEnv,
  isCelError,
  objectType,
  parse,
  plan,
  unparse,
  type CelError,
  type CelFunc,
  type CelInput,
  type CelValue,
} from '@bufbuild/cel'
import { TimestampSchema, timestampFromMs } from '@bufbuild/protobuf/wkt'

export {
  celFunc,
  celList,
  celMethod,
  CelScalar,
  celType,
  celUint,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  listType,
  mapType,
} from '@bufbuild/cel'
export type { CelError, CelFunc, CelList, CelMap, CelValue } from '@bufbuild/cel'

/** The tree of an expression, its macros written out as comprehensions. */
export type Expr = ReturnType<typeof parse>['expr']

export interface ParsedCel {
  readonly expr: Expr
  /** UTF-16 units into the text: where a part stands; of an operation, its operator. */
  offsetOf(part: Expr): number
  /** The name of the macro that the part is written as. */
  macroOf(part: Expr): string | undefined
  /** A part as CEL, macros as they were written. */
  write(part: Expr): string
}

/** What the parser cannot read, and where. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError'
  readonly offset: number

  constructor(offset: number) {
    super('not CEL')
    this.offset = offset
  }
}

/** @throws CelSyntaxError */
export function parseCel(text: string): ParsedCel {
  const parsed = parsedOrThrow(text)
  const { expr, sourceInfo } = parsed
  return {
    expr,
    offsetOf: ({ id }) => sourceInfo?.positions[String(id)] ?? 0,
    macroOf({ id }) {
      const call = sourceInfo?.macroCalls[String(id)]?.exprKind
      return call?.case === 'callExpr' ? call.value.function : undefined
    },
    write: (part) => unparse({ ...parsed, expr: part }),
  }
}

function parsedOrThrow(text: string): ReturnType<typeof parse> {
  try {
    return parse(text)
  } catch (thrown) {
    throw new CelSyntaxError(placeOf(thrown))
  }
}

function placeOf(thrown: unknown): number {
  const { location } = thrown as { readonly location?: { readonly start: { offset: number } } }
  return location?.start.offset ?? 0
}

/** Gives the value of an expression for variables, or a CelError. Never throws. */
export type PlannedCel = (variables: Variables) => CelValue | CelError

/** By name; without a prototype, which would be looked into. */
export type Variables = Readonly<Record<string, CelInputValue | undefined>>

export type CelInputValue = CelInput

/** A planner for expressions that call these functions, which win over standard ones of the same types. */
export function createPlanner(functions: readonly CelFunc[]): (expr: Expr) => PlannedCel {
  const refused = { compile: () => neverCompiled() }
  const env = celEnv({ funcs: [...functions], re2: refused })
  return (expr) => plan(env, expr) as PlannedCel
}

/** Patterns are compiled when a condition is; one that comes up later is none. */
function neverCompiled(): never {
  throw new Error('a pattern that is not known')
}

/** The value of an expression that calls nothing but standard functions; undefined where it has none. */
export function standardValue(expr: Expr): CelValue | undefined {
  const value = plan(standard, expr)()
  return isCelError(value) ? undefined : value
}

const standard = celEnv()

export function standardFunctions(): readonly CelFunc[] {
  return [...standard.funcs]
}

export const timestampType = objectType(TimestampSchema)

export function timestampAt(milliseconds: number): CelInputValue {
  return timestampFromMs(milliseconds)
}
