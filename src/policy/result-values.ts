import type { Effect, TrialRule } from '../domain/decision.js'
import { isJsonObject } from '../domain/json.js'
import type { JsonObject, JsonValue } from '../domain/json.js'
import { ResultFault } from './result-fault.js'

// What policy computes at run time, as opposed to writes down, is cut rather than refused.
const textBytes = 1024
const listItems = 16

export function objectOf(value: unknown, name: string): JsonObject {
  if (!isJsonObject(value)) throw new ResultFault(`${name} must be an object`)
  return value
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ResultFault(`${name} must be an array`)
  return value
}

export function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new ResultFault(`${name} must be a string`)
  return value
}

/** A string of at most 1,024 bytes: what is longer is cut between two characters. */
export function textOf(value: unknown, name: string): string {
  return value === undefined ? '' : cut(stringOf(value, name))
}

/** The first 16 strings of a list. */
export function textsOf(value: unknown, name: string): readonly string[] {
  if (value === undefined) return []
  const texts = listOf(value, name).map((text, index) => stringOf(text, `${name}[${index}]`))
  return texts.slice(0, listItems).map(cut)
}

/** Reasons without repetition, in byte order: what a set holds in no order of its own. */
export function reasonsOf(value: readonly unknown[]): readonly string[] {
  const reasons = new Set(value.map((reason, index) => stringOf(reason, `reason ${index}`)))
  return [...reasons].sort(inByteOrder).slice(0, listItems).map(cut)
}

export function labelsOf(value: unknown): JsonObject {
  if (value === undefined) return {}
  const labels = objectOf(value, 'labels')
  const entries = Object.entries(labels)
  if (entries.length > listItems) throw new ResultFault(`labels has more than ${listItems} members`)
  return Object.fromEntries(entries.map(([name, label]) => [cut(name), labelOf(label, name)]))
}

export function trialOf(value: unknown): readonly TrialRule[] {
  if (value === undefined) return []
  const rules = listOf(value, 'trial').map((item, index) => trialRuleOf(item, `trial[${index}]`))
  return rules.slice(0, listItems)
}

export function effectOf(value: unknown, name: string): Effect {
  const effect = effects.find((candidate) => candidate === value)
  if (effect === undefined) throw new ResultFault(`${name} must be one of ${effects.join(', ')}`)
  return effect
}

const effects: readonly Effect[] = ['allow', 'dry_run', 'ask', 'deny']

/** Refuses what nobody would act on: a misspelt member must not pass for an absent one. */
export function onlyMembers(object: JsonObject, known: ReadonlySet<string>, name: string): void {
  for (const member in object) {
    if (!known.has(member)) throw new ResultFault(`${name} has an unknown member ${shown(member)}`)
  }
}

function labelOf(value: JsonValue | undefined, name: string): JsonValue {
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  throw new ResultFault(`labels.${shown(name)} must be a string, a number or a boolean`)
}

function trialRuleOf(value: unknown, name: string): TrialRule {
  const rule = objectOf(value, name)
  onlyMembers(rule, trialMembers, name)
  return {
    rule: cut(stringOf(rule['rule'], `${name}.rule`)),
    effect: effectOf(rule['effect'], `${name}.effect`),
    reason: textOf(rule['reason'], `${name}.reason`),
    tells: false,
  }
}

const trialMembers: ReadonlySet<string> = new Set(['rule', 'effect', 'reason'])

function inByteOrder(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function cut(text: string): string {
  if (text.length * 3 <= textBytes) return text
  const bytes = Buffer.from(text)
  if (bytes.length <= textBytes) return text
  let end = textBytes
  while (((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1
  return bytes.toString('utf8', 0, end)
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
