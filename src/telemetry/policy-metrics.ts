import { Counter, type Registry } from 'prom-client'
import type { Effect, FaultCause, Hook, Mode } from '../domain/decision.js'
import { keysOf } from './closed-set.js'
import { createHistogram } from './histogram.js'

export function policyMetrics(mode: Mode, registry: Registry) {
  const registers = [registry]
  const inMs = createHistogram(
    {
      name: evalMsName,
      help: 'Time that one evaluation of policy took, milliseconds',
      labelNames: ['hook', 'effect'],
      buckets: evalBucketsMs,
    },
    registry,
  )
  const fuel = createHistogram(
    {
      name: 'portcullis_policy_fuel',
      help: 'Computation that one evaluation of policy took, in fuel: the same on every machine',
      labelNames: ['hook', ''],
      buckets: fuelBuckets,
    },
    registry,
  )
  const decisions = new Counter({
    name: 'portcullis_decisions_total',
    help: 'Decisions, by what policy said; in audit-only and warn they had no effect',
    labelNames: ['hook', 'kind', 'effect', 'mode'],
    registers,
  })
  const errors = new Counter({
    name: 'portcullis_policy_errors_total',
    help: 'Decisions that policy could not make and rules that it could not evaluate, by cause',
    labelNames: ['cause'],
    registers,
  })
  const failOpen = new Counter({
    name: 'portcullis_fail_open_total',
    help: 'Calls that passed unjudged because no policy was there and the configuration says to fail open',
    registers,
  })
  for (const hook of hooks) {
    fuel.of(hook, '')
    for (const effect of effects) inMs.of(hook, effect)
  }
  for (const cause of causes) errors.inc({ cause }, 0)
  for (const kind of mainKinds) {
    for (const effect of effects) decisions.inc({ hook: 'pre', kind, effect, mode }, 0)
  }

  return {
    errors,
    failOpen,
    fuel,
    evaluated(hook: Hook, effect: Effect, us: number) {
      inMs.of(hook, effect).observe(us / 1000)
    },
    decided(hook: Hook, kind: string, effect: Effect, mode: Mode) {
      decisions.inc({ hook, kind, effect, mode })
    },
  }
}

/**
 * Adds the same histogram in base units. It is made from the text when it is scraped, because a second
 * observation of every evaluation would cost each call more than all scrapes together.
 */
export async function withSeconds(registry: Registry): Promise<string> {
  const [text, inMs] = await Promise.all([
    registry.metrics(),
    registry.getSingleMetricAsString(evalMsName),
  ])
  return `${text}\n${inMs.split('\n').map(inSeconds).join('\n')}\n`
}

function inSeconds(line: string): string {
  const renamed = line.replace(evalMsName, 'portcullis_policy_eval_duration_seconds')
  if (line.startsWith('#')) return renamed.replace('milliseconds', 'seconds')
  if (line.startsWith(`${evalMsName}_sum`)) return renamed.replace(/[^ ]+$/, thousandth)
  return renamed.replace(/(?<=le=")[0-9.]+/, thousandth)
}

function thousandth(value: string): string {
  return String(Number(value) / 1000)
}

const evalMsName = 'policy_eval_ms'
const evalBucketsMs = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100]

/** Powers of 4: from a policy that does next to nothing to one that was stopped. */
const fuelBuckets = Array.from({ length: 10 }, (_, power) => 1024 * 4 ** power)

// Series that begin at 0, so that the first increase is not lost to `rate`.
const mainKinds = ['tools/call', 'resources/read', 'prompts/get']
const hooks = keysOf<Hook>({ pre: true, post: true, list: true })
const effects = keysOf<Effect>({ allow: true, dry_run: true, ask: true, deny: true })
const causes = keysOf<FaultCause>({
  undefined: true,
  conflict: true,
  trap: true,
  builtin: true,
  invalid_result: true,
  condition: true,
  input: true,
  input_too_large: true,
  result_too_large: true,
  obligation: true,
  budget: true,
  memory: true,
})
