import type { Draft } from './rule-draft.js'
import type { RuleEffect } from './rule-schema.js'

/** Whether a rule has the members that its effect needs, and none that are another's; what is wrong is reported. */
export function checkMembers({ text, reporter, keys }: Members): boolean {
  const { effect } = text
  let isRight = true
  for (const [member, effects] of Object.entries<readonly RuleEffect[]>(membersOf)) {
    if (text[member as Member] === undefined || effects.includes(effect)) continue
    reporter.fault([member], `belongs to ${effects.join(', ')}, not to ${effect}`)
    isRight = false
  }
  const needed = needs[effect]
  if (needed !== undefined && text[needed] === undefined) {
    reporter.fault([keys.effect], `${effect} needs "${needed}"`)
    isRight = false
  }
  if (effect === 'deny' && text.retry_after !== undefined && text.code !== 'rate_limited') {
    reporter.fault(['retry_after'], 'goes with code: rate_limited')
    isRight = false
  }
  return isRight
}

type Members = Pick<Draft, 'text' | 'reporter' | 'keys'>

type Member = keyof typeof membersOf

const hiding = ['filter_fields', 'filter_sensitive', 'mask_fields'] as const

const membersOf = {
  code: ['deny'],
  remedy: ['deny', 'ask'],
  retry_after: ['deny'],
  ask: ['ask'],
  fields: ['filter_fields', 'mask_fields'],
  mask: ['mask_fields'],
  on_unreadable: hiding,
  on_missing: hiding,
  replace: ['replace'],
  patch: ['patch'],
} as const satisfies Partial<Record<keyof Draft['text'], readonly RuleEffect[]>>

const needs: Partial<Record<RuleEffect, Member>> = {
  filter_fields: 'fields',
  mask_fields: 'fields',
  replace: 'replace',
  patch: 'patch',
}
