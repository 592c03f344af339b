import type { Expr } from './engine.js'

export type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value']
export type Loop = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value']

/** The parts of an expression, those of a loop in the order in which they are evaluated. */
export function partsOf(expr: Expr): readonly Expr[] {
  const { exprKind } = expr
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand])
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args])
    case 'listExpr':
      return exprKind.value.elements
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === 'mapKey' ? keyKind.value : undefined, value]),
      )
    case 'comprehensionExpr':
      return loopParts(exprKind.value)
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return []
  }
}

function loopParts({ iterRange, accuInit, loopCondition, loopStep, result }: Loop): Expr[] {
  return present([iterRange, accuInit, loopCondition, loopStep, result])
}

function present(parts: readonly (Expr | undefined)[]): Expr[] {
  return parts.filter((part) => part !== undefined)
}

/** The same expression with each direct part replaced by what `change` makes of it. */
export function withParts(expr: Expr, change: (part: Expr) => Expr): Expr {
  const { exprKind } = expr
  const changed = (part: Expr | undefined): { part?: Expr } =>
    part === undefined ? {} : { part: change(part) }
  switch (exprKind.case) {
    case 'selectExpr': {
      const { part: operand } = changed(exprKind.value.operand)
      return kindOf(expr, {
        ...exprKind,
        value: { ...exprKind.value, ...(operand && { operand }) },
      })
    }
    case 'callExpr': {
      const { part: target } = changed(exprKind.value.target)
      const args = exprKind.value.args.map(change)
      const value = { ...exprKind.value, args, ...(target && { target }) }
      return kindOf(expr, { ...exprKind, value })
    }
    case 'listExpr': {
      const elements = exprKind.value.elements.map(change)
      return kindOf(expr, { ...exprKind, value: { ...exprKind.value, elements } })
    }
    case 'structExpr': {
      const entries = exprKind.value.entries.map((entry) => {
        const { part: value } = changed(entry.value)
        const { keyKind } = entry
        const key =
          keyKind.case === 'mapKey' ? { ...keyKind, value: change(keyKind.value) } : keyKind
        return { ...entry, keyKind: key, ...(value && { value }) }
      })
      return kindOf(expr, { ...exprKind, value: { ...exprKind.value, entries } })
    }
    case 'comprehensionExpr':
      return kindOf(expr, {
        ...exprKind,
        value: { ...exprKind.value, ...changedLoop(exprKind.value, change) },
      })
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return expr
  }
}

function changedLoop(loop: Loop, change: (part: Expr) => Expr): Partial<Loop> {
  const { iterRange, accuInit, loopCondition, loopStep, result } = loop
  return {
    ...(iterRange && { iterRange: change(iterRange) }),
    ...(accuInit && { accuInit: change(accuInit) }),
    ...(loopCondition && { loopCondition: change(loopCondition) }),
    ...(loopStep && { loopStep: change(loopStep) }),
    ...(result && { result: change(result) }),
  }
}

export function kindOf(expr: Expr, exprKind: Expr['exprKind']): Expr {
  return { ...expr, exprKind }
}

export function nameOf(expr: Expr | undefined): string | undefined {
  return expr?.exprKind.case === 'identExpr' ? expr.exprKind.value.name : undefined
}

export function callOf(expr: Expr): Call | undefined {
  return expr.exprKind.case === 'callExpr' ? expr.exprKind.value : undefined
}

export function loopOf(expr: Expr): Loop | undefined {
  return expr.exprKind.case === 'comprehensionExpr' ? expr.exprKind.value : undefined
}

export function textConstant(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'constExpr') return undefined
  const { constantKind } = expr.exprKind.value
  return constantKind.case === 'stringValue' ? constantKind.value : undefined
}

/** A call of one of our own functions in the place of `expr`, whose id stays, so that errors are told of it. */
export function callInPlace(expr: Expr, name: string, args: readonly Expr[]): Expr {
  return kindOf(expr, {
    case: 'callExpr',
    value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [...args] },
  })
}

export function intConstant(expr: Expr, value: number): Expr {
  const constantKind = { case: 'int64Value', value: BigInt(value) } as const
  return kindOf(expr, {
    case: 'constExpr',
    value: { $typeName: 'cel.expr.Constant', constantKind },
  })
}

export function countParts(expr: Expr): number {
  return partsOf(expr).reduce((count, part) => count + countParts(part), 1)
}
