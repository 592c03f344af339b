import type { Allow } from '../../domain/decision.js'

/** What is said where no rule has anything to say. */
export function passed(revision: string): Allow {
  return {
    engine: 'rules',
    rules: [],
    revision,
    warnings: [],
    labels: {},
    trial: [],
    effect: 'allow',
    reason: '',
    obligations: [],
  }
}
