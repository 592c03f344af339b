import type { FieldPath, FieldStep } from '../../src/domain/field-path.js'
import type { Obligation, PatchOperation } from '../../src/domain/obligation.js'

/** A parsed JSON value that the reference changes freely. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

/**
 * What obligations do to a parsed document, written the plain way; masks are texts without digits and letters.
 * Undefined: a fault.
 */
export function reference(root: Value, obligations: readonly Obligation[]): Value | undefined {
  const [first, ...others] = obligations
  if (first === undefined) return root
  if (!isHiding(first)) {
    const next = applied(root, first)
    return next === undefined ? undefined : reference(next, others)
  }
  const end = obligations.findIndex((each) => !isHiding(each))
  const run = end === -1 ? obligations : obligations.slice(0, end)
  return reference(redacted(root, run.filter(isHiding)), obligations.slice(run.length))
}

type Hiding = Extract<Obligation, { type: 'filter' | 'filter_sensitive' | 'mask' }>

function isHiding(obligation: Obligation): obligation is Hiding {
  return ['filter', 'filter_sensitive', 'mask'].includes(obligation.type)
}

function applied(value: Value, obligation: Exclude<Obligation, Hiding>): Value | undefined {
  switch (obligation.type) {
    case 'merge':
      return mergePatch(value, obligation.value as Value)
    case 'operations':
      return operationsOn(value, obligation.operations)
    case 'replace':
      return replaced(value, obligation.path, (text) =>
        obligation.pattern.replaceAll(text, obligation.with),
      )
  }
}

/** Documents inside strings as values, so that their spelling does not matter. */
export function normalised(value: Value): unknown {
  return transformed(value, (text) => {
    const inner = documentIn(text)
    return inner === undefined ? text : { document: normalised(inner.value), ...inner.around }
  })
}

type Crossing = string | number | typeof intoString
const intoString = Symbol('into a string')

function redacted(root: Value, hiding: readonly Hiding[]): Value {
  return visit(root, [], 0) ?? null

  function visit(value: Value, trail: readonly Crossing[], level: number): Value | undefined {
    const naming = hiding.filter(({ paths }) => paths?.some((path) => isNamed(path, trail)))
    if (naming.length > 0) return hidden(naming)
    if (typeof value === 'string' && level < 4) {
      const inner = documentIn(value)
      if (inner === undefined) return value
      const edited = visit(inner.value, [...trail, intoString], level + 1) ?? null
      return inner.around.before + JSON.stringify(edited) + inner.around.after
    }
    return withChildren(value, (child, step) => visit(child, [...trail, step], level))
  }
}

function hidden(naming: readonly Hiding[]): Value | undefined {
  const texts = naming.flatMap((each) =>
    each.type === 'mask' && each.style.type === 'text' ? [each.style.text] : [],
  )
  if (texts.length < naming.length) return undefined
  return texts.sort((one, other) => one.length - other.length)[0]
}

function replaced(root: Value, path: FieldPath, rewrite: (text: string) => string): Value {
  return visit(root, [], 0)

  function visit(value: Value, trail: readonly Crossing[], level: number): Value {
    if (typeof value !== 'string') {
      return withChildren(value, (child, step) => visit(child, [...trail, step], level)) ?? null
    }
    const inner = level < 4 ? documentIn(value) : undefined
    const edited =
      inner === undefined
        ? value
        : inner.around.before +
          JSON.stringify(visit(inner.value, [...trail, intoString], level + 1)) +
          inner.around.after
    return isNamed(path, trail) ? rewrite(edited) : edited
  }
}

function isNamed({ root, steps }: FieldPath, trail: readonly Crossing[]): boolean {
  return fits(root === undefined ? [{ type: 'deep' }, ...steps] : steps, trail)
}

function fits(steps: readonly FieldStep[], trail: readonly Crossing[]): boolean {
  const [step, ...rest] = steps
  const [crossing, ...further] = trail
  if (step === undefined) return crossing === undefined
  if (step.type === 'deep' && fits(rest, trail)) return true
  if (crossing === undefined) return false
  if (crossing === intoString || step.type === 'deep') return fits(steps, further)
  if (step.type === 'key' && typeof crossing === 'number') return fits(steps, further)
  const isStep = step.type === 'any' || crossing === (step.type === 'key' ? step.name : step.index)
  return isStep && fits(rest, further)
}

function documentIn(text: string) {
  const trimmed = text.trim()
  if (!/^[{["]/.test(trimmed)) return undefined
  try {
    const value = JSON.parse(trimmed) as Value
    const [before = '', after = ''] = text.split(trimmed)
    return { value, around: { before, after } }
  } catch {
    return undefined
  }
}

function withChildren(
  value: Value,
  edit: (child: Value, step: string | number) => Value | undefined,
): Value | undefined {
  if (Array.isArray(value)) {
    return value.map(edit).filter((item): item is Value => item !== undefined)
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => {
      const edited = edit(child, key)
      return edited === undefined ? [] : [[key, edited]]
    }),
  )
}

function transformed(value: Value, onString: (text: string) => unknown): unknown {
  if (typeof value === 'string') return onString(value)
  if (Array.isArray(value)) return value.map((item) => transformed(item, onString))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, transformed(child, onString)]),
  )
}

/** The pseudo-code of RFC 7396 section 2. */
function mergePatch(target: Value | undefined, patch: Value): Value {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: { [key: string]: Value } = isObject ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name)
    else result[name] = mergePatch(result[name], value)
  }
  return result
}

function operationsOn(root: Value, operations: readonly PatchOperation[]): Value | undefined {
  let box: Value = { response: structuredClone(root) }
  for (const operation of operations) {
    const next = operationOn(structuredClone(box), operation)
    if (next === undefined) return undefined
    box = next
  }
  return (box as { response: Value }).response
}

function operationOn(box: Value, operation: PatchOperation): Value | undefined {
  const { op, path } = operation
  switch (op) {
    case 'add':
      return put(box, path, operation.value as Value)
    case 'replace':
      return get(box, path) === undefined ? undefined : set(box, path, operation.value as Value)
    case 'test':
      return isSame(get(box, path), operation.value as Value) ? box : undefined
    case 'remove':
      return path === '/response' ? undefined : cut(box, path)
    case 'copy': {
      const value = get(box, operation.from)
      return value === undefined ? undefined : put(box, path, structuredClone(value))
    }
    case 'move': {
      const value = get(box, operation.from)
      if (value === undefined || path.startsWith(`${operation.from}/`)) return undefined
      if (path === operation.from) return box
      const rest = cut(box, operation.from)
      return rest === undefined ? undefined : put(rest, path, value)
    }
  }
}

function isSame(left: Value | undefined, right: Value | undefined): boolean {
  return left !== undefined && canonical(left) === canonical(right)
}

function canonical(value: Value | undefined): string {
  return JSON.stringify(value, (_, part: Value) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function parentOf(box: Value, pointer: string): { parent: Value | undefined; last: string } {
  const last = pointer.slice(pointer.lastIndexOf('/') + 1)
  return { parent: get(box, pointer.slice(0, pointer.lastIndexOf('/'))), last }
}

function get(box: Value, pointer: string): Value | undefined {
  let value: Value | undefined = box
  for (const token of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token))
      return undefined
    value = (value as { [key: string]: Value })[token]
  }
  return value
}

function put(box: Value, pointer: string, value: Value): Value | undefined {
  const { parent, last } = parentOf(box, pointer)
  if (!Array.isArray(parent)) return set(box, pointer, value)
  const index = last === '-' ? parent.length : Number(last)
  if (!Number.isInteger(index) || index > parent.length) return undefined
  parent.splice(index, 0, value)
  return box
}

function set(box: Value, pointer: string, value: Value): Value | undefined {
  const { parent, last } = parentOf(box, pointer)
  if (typeof parent !== 'object' || parent === null) return undefined
  ;(parent as { [key: string]: Value })[last] = value
  return box
}

function cut(box: Value, pointer: string): Value | undefined {
  const { parent, last } = parentOf(box, pointer)
  if (get(box, pointer) === undefined || typeof parent !== 'object') return undefined
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else if (parent !== null) Reflect.deleteProperty(parent, last)
  return box
}
