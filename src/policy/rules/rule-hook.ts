import type { Draft } from './rule-draft.js'
import type { RuleEffect } from './rule-schema.js'
import { writtenRoot } from './patch-root.js'

/**
 * When a rule is asked: as its form or its `match` says; else after the call where it is about the result, and before
 * it otherwise. A hook at which it cannot do what it says is reported.
 */
export function hookOf(draft: Draft): 'pre' | 'post' {
  const hook = saidHook(draft) ?? (isAboutResult(draft) ? 'post' : 'pre')
  const { keys, reporter, condition, text } = draft
  if (hook === 'pre' && condition?.reads.has('response') === true) {
    const advice = draft.form === 'input' ? 'write it under "output"' : 'say match.hook: post'
    reporter.fault([keys.when], `before a call there is no response to read: ${advice}`)
  }
  if (hook === 'pre' && text.effect === 'filter_sensitive') {
    const advice = draft.form === 'input' ? 'write it under "output"' : 'leave match.hook out'
    reporter.fault([keys.effect], `an output schema is about results: ${advice}`)
  }
  if (hook === 'post' && (text.effect === 'ask' || text.effect === 'dry_run')) {
    reporter.fault(
      [keys.effect],
      `${text.effect} decides before the call is sent, and this rule runs when its result is there`,
    )
  }
  return hook
}

function saidHook({ form, text }: Draft): 'pre' | 'post' | undefined {
  switch (form) {
    case 'input':
      return 'pre'
    case 'output':
      return 'post'
    case 'rule':
      return text.match?.hook
  }
}

function isAboutResult({ text, condition }: Draft): boolean {
  if (hidingEffects.has(text.effect) || condition?.reads.has('response') === true) return true
  if (text.effect === 'replace') return !isArgumentPath(text.replace?.[0]?.path ?? '')
  return text.effect === 'patch' && writtenRoot(text.patch) === 'response'
}

const hidingEffects: ReadonlySet<RuleEffect> = new Set([
  'filter_fields',
  'filter_sensitive',
  'mask_fields',
])

function isArgumentPath(path: string): boolean {
  return /^args[.[]/.test(path)
}
