/** Durations in microseconds, counted in steps of two per cent: it takes the same memory however many there are. */
export function createDurations() {
  const counts = new Float64Array(steps)
  let count = 0
  let max = 0
  return {
    add(us) {
      counts[Math.min(steps - 1, Math.max(0, Math.round(Math.log(us) * scale)))] += 1
      count += 1
      max = Math.max(max, us)
    },
    count: () => count,
    max: () => max,
    quantile(q) {
      let left = q * count
      const step = counts.findIndex((own) => (left -= own) <= 0)
      return Math.exp(step / scale)
    },
  }
}

const scale = 50
const steps = 1200
