import { deepestValue, isRegoArray } from '../rego-text.js'
import type { RegoValue } from '../rego-value.js'
import type { Charge } from './builtin.js'
import { canonicalText } from './canonical-text.js'
import { isComposite } from './json-value.js'
import { readIndex } from './json-patch-path.js'

/** A part of a document that is being changed: opened where a change or a look went into it, else as it was. */
export type Part = RegoValue | OpenPart

export type OpenPart = OpenObject | OpenSet | OpenArray

interface OpenObject {
  readonly type: 'open object'
  readonly members: Map<string, { readonly key: RegoValue; part: Part }>
}

interface OpenSet {
  readonly type: 'open set'
  members: Map<string, Part>
}

interface OpenArray {
  readonly type: 'open array'
  /** As it was before all changes. */
  readonly original: readonly RegoValue[]
  readonly elements: Element[]
}

/** An element of the original, or a part that was put there or opened. */
type Element = { readonly index: number } | { part: Part }

export function isOpen(part: Part): part is OpenPart {
  return (
    typeof part === 'object' && part !== null && 'type' in part && part.type.startsWith('open ')
  )
}

export function opened(part: Part): Part {
  if (isOpen(part) || !isComposite(part)) return part
  if (isRegoArray(part)) {
    return { type: 'open array', original: part, elements: part.map((_, index) => ({ index })) }
  }
  if (part.type === 'set') {
    const members = part.members.map((member) => [canonicalText(member), member] as const)
    return { type: 'open set', members: new Map(members) }
  }
  const members = part.entries.map(
    ([key, held]) => [canonicalText(key), { key, part: held }] as const,
  )
  return { type: 'open object', members: new Map(members) }
}

/** What a step leads to, opened; undefined where there is nothing. */
export function stepInto(within: OpenPart, step: RegoValue, charge: Charge): Part | undefined {
  if (within.type === 'open array') return stepIntoArray(within, step)
  if (within.type === 'open set') return stepIntoSet(within, step, charge)
  const member = within.members.get(canonicalText(step))
  if (member !== undefined) member.part = opened(member.part)
  return member?.part
}

function stepIntoSet(within: OpenSet, step: RegoValue, charge: Charge): Part | undefined {
  if (isComposite(step)) settle(within, charge)
  const key = canonicalText(step)
  const member = within.members.get(key)
  if (member === undefined) return undefined
  const part = opened(member)
  within.members.set(key, part)
  return part
}

// OPA looks for an element that no change has touched by its index in the original, even where changes have moved it.
function stepIntoArray({ original, elements }: OpenArray, step: RegoValue): Part | undefined {
  const index = readIndex(step, elements.length) ?? -1
  const element = elements[index]
  if (element === undefined) return undefined
  const part = 'part' in element ? element.part : original[index]
  if (part === undefined) return undefined
  const open = { part: opened(part) }
  elements[index] = open
  return open.part
}

/** False where that cannot be: a set takes only a key that is the value. */
export function insert(
  within: OpenPart,
  key: RegoValue,
  value: RegoValue,
  charge: Charge,
): boolean {
  switch (within.type) {
    case 'open object':
      within.members.set(canonicalText(key), { key, part: value })
      return true
    case 'open set':
      if (isComposite(key)) settle(within, charge)
      if (canonicalText(key) !== canonicalText(value)) return false
      within.members.set(canonicalText(key), value)
      return true
    case 'open array': {
      const index = readIndex(key, within.elements.length) ?? -1
      if (index < 0 || index > within.elements.length) return false
      charge(within.elements.length * 3)
      within.elements.splice(index, 0, { part: value })
      return true
    }
  }
}

/** False where there is no such part. */
export function remove(within: OpenPart, key: RegoValue, charge: Charge): boolean {
  switch (within.type) {
    case 'open object':
      return within.members.delete(canonicalText(key))
    case 'open set':
      if (isComposite(key)) settle(within, charge)
      return within.members.delete(canonicalText(key))
    case 'open array': {
      const index = readIndex(key, within.elements.length) ?? -1
      if (index < 0 || index >= within.elements.length) return false
      charge(within.elements.length * 3)
      within.elements.splice(index, 1)
      return true
    }
  }
}

/** Finds the members that changes went into by what they are now. */
function settle(set: OpenSet, charge: Charge): void {
  charge(set.members.size * 20)
  if (![...set.members.values()].some(isOpen)) return
  charge(set.members.size * 2_500)
  const members = Array.from(set.members.values(), (part) => closed(part, charge) ?? null)
  set.members = new Map(members.map((member) => [canonicalText(member), member]))
}

/**
 * The part as a value; undefined where it is nested deeper than a value may be. Charges for all that is in it, because what
 * is copied again and again doubles each time.
 */
export function closed(part: Part, charge: Charge, levels = deepestValue): RegoValue | undefined {
  if (!isOpen(part)) return isDeeper(part, charge, levels) ? undefined : part
  charge(partNs)
  if (levels === 0) return undefined
  const close = (inner: Part): RegoValue | undefined => closed(inner, charge, levels - 1)
  if (part.type === 'open array') {
    const elements = part.elements.map((element) => close(valueOf(part, element)))
    return elements.every((element) => element !== undefined) ? elements : undefined
  }
  if (part.type === 'open set') {
    const members = Array.from(part.members.values(), close)
    if (!members.every((member) => member !== undefined)) return undefined
    const distinct = new Map(members.map((member) => [canonicalText(member), member]))
    return { type: 'set', members: [...distinct.values()] }
  }
  const entries: (readonly [RegoValue, RegoValue])[] = []
  for (const { key, part: held } of part.members.values()) {
    const value = close(held)
    if (value === undefined) return undefined
    entries.push([key, value])
  }
  return { type: 'object', entries }
}

// What it takes to look at a value, to copy it and to find it in a set.
const partNs = 250
const characterNs = 10

function isDeeper(value: RegoValue, charge: Charge, levels: number): boolean {
  charge(partNs + (typeof value === 'string' ? value.length * characterNs : 0))
  if (!isComposite(value)) return false
  if (levels === 0) return true
  const isInnerDeeper = (inner: RegoValue): boolean => isDeeper(inner, charge, levels - 1)
  if (isRegoArray(value)) return value.some(isInnerDeeper)
  if (value.type === 'set') return value.members.some(isInnerDeeper)
  return value.entries.some(([key, held]) => isInnerDeeper(key) || isInnerDeeper(held))
}

/** Whether the part is that value; looks no further than the value reaches. */
export function isEqual(part: Part, value: RegoValue, charge: Charge): boolean {
  const open = opened(part)
  if (!isOpen(open)) return !isComposite(value) && canonicalText(open) === canonicalText(value)
  if (!isComposite(value)) return false
  if (open.type === 'open array') {
    return (
      isRegoArray(value) &&
      value.length === open.elements.length &&
      open.elements.every((element, at) =>
        isEqual(valueOf(open, element), value[at] ?? null, charge),
      )
    )
  }
  if (isRegoArray(value)) return false
  if (open.type === 'open set') {
    settle(open, charge)
    if (value.type !== 'set' || value.members.length !== open.members.size) return false
    return value.members.every((member) => open.members.has(canonicalText(member)))
  }
  if (value.type !== 'object' || value.entries.length !== open.members.size) return false
  return value.entries.every(([key, held]) => {
    const member = open.members.get(canonicalText(key))
    return member !== undefined && isEqual(member.part, held, charge)
  })
}

function valueOf({ original }: OpenArray, element: Element): Part {
  return 'part' in element ? element.part : (original[element.index] ?? null)
}
