/**
 * What is not the same through the gateway, check by check; a check that only one side makes counts.
 * @returns {{ check: string, direct: string, through: string, message?: string }[]}
 */
export function differencesBetween(direct, through) {
  const names = new Set([...direct.keys(), ...through.keys()])
  return [...names].flatMap((check) => {
    const before = direct.get(check)?.status ?? 'absent'
    const after = through.get(check)
    return before === after?.status
      ? []
      : [{ check, direct: before, through: after?.status ?? 'absent', message: after?.message }]
  })
}

/**
 * Why a difference is as it should be, or undefined. Members that an entry leaves out match anything, and
 * `check` may end with a star.
 */
export function reasonFor({ target, revision, difference }, expected) {
  const entry = expected.find(
    (one) =>
      one.target === target &&
      (one.revision ?? revision) === revision &&
      (one.through ?? difference.through) === difference.through &&
      isNamed(difference.check, one.check),
  )
  return entry?.reason
}

function isNamed(check, name) {
  return name.endsWith('*') ? check.startsWith(name.slice(0, -1)) : check === name
}

/** How many checks there are of each status. */
export function tallyOf(checks) {
  const tally = { SUCCESS: 0, FAILURE: 0, WARNING: 0, INFO: 0, SKIPPED: 0 }
  for (const { status } of checks.values()) tally[status] += 1
  return tally
}
