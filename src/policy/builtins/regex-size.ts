/** About how many instructions the pattern has once its repetitions are written out; never fewer by more than a few times. */
export function programSize(pattern: string): number {
  const outer: number[] = []
  let sum = 0
  let last = 0
  for (const [token, opened, closed, least, most] of pattern.matchAll(tokens)) {
    if (opened !== undefined) {
      outer.push(sum)
      sum = 0
      last = 0
    } else if (closed !== undefined) {
      last = sum + 2
      sum = (outer.pop() ?? 0) + last
    } else if (least !== undefined) {
      const times = Math.max(Number(least), Number(most ?? 0))
      sum += last * Math.min(times, mostTimes)
      last *= Math.min(times, mostTimes)
    } else {
      last = isUnended(token) ? token.length : token.length > 1 ? 2 : 1
      sum += last
    }
  }
  return outer.reduce((all, size) => all + size, sum)
}

/** Whether a class was opened and not closed: the engine looks for its end as often as it likes. */
function isUnended(token: string): boolean {
  return (
    (token.startsWith('[') && !token.endsWith(']')) ||
    (/^\\p\{/.test(token) && !token.endsWith('}'))
  )
}

// RE2 refuses more.
const mostTimes = 1000

// What does not end reaches to the end of the pattern, which is none then: else it would be sought again behind each bracket.
const tokens =
  /(\()|(\))|\{(\d+)(?:,(\d*))?\}|\\Q[^]*?(?:\\E|$)|\\p\{[^}]*\}?|\\[^]|\[\^?\]?(?:\\[^]|\[:[^:\]]*:\]|[^\]\\])*\]?|[^]/g
