import { Counter, type Registry } from 'prom-client'
import type { Missed } from '../domain/candidate.js'
import type { Hook } from '../domain/decision.js'
import type { CandidateChange } from '../domain/entry.js'
import { keysOf } from './closed-set.js'

export interface CandidateMetrics {
  judged(hook: Hook): void
  disagreed(hook: Hook, change: CandidateChange): void
  missed(why: Missed): void
}

/** Every series begins at 0, so that the first increase is not lost to `rate`. */
export function candidateMetrics(registers: Registry[]): CandidateMetrics {
  const judged = new Counter({
    name: 'portcullis_candidate_judged_total',
    help: 'Messages that the candidate policy judged after they were answered',
    labelNames: ['hook'],
    registers,
  })
  const disagreements = new Counter({
    name: 'portcullis_candidate_disagreements_total',
    help: 'Messages that the candidate policy would have decided otherwise, by what would change',
    labelNames: ['hook', 'change'],
    registers,
  })
  const dropped = new Counter({
    name: 'portcullis_candidate_dropped_total',
    help: 'Messages of the sample that the candidate policy did not judge',
    labelNames: ['reason'],
    registers,
  })
  for (const hook of hooks) {
    judged.inc({ hook }, 0)
    for (const change of changes) disagreements.inc({ hook, change }, 0)
  }
  for (const reason of reasons) dropped.inc({ reason }, 0)
  return {
    judged: (hook) => judged.inc({ hook }),
    disagreed: (hook, change) => disagreements.inc({ hook, change }),
    missed: (reason) => dropped.inc({ reason }),
  }
}

const hooks = keysOf<Hook>({ pre: true, post: true, list: true })
const changes = keysOf<CandidateChange>({
  allow_to_deny: true,
  deny_to_allow: true,
  effect: true,
  obligations: true,
  error: true,
})
const reasons = keysOf<Missed>({ busy: true, too_large: true, unreadable: true })
