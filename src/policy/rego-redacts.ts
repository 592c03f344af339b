import { PolicySupplyError } from '../domain/errors.js'
import type { Call } from '../domain/call.js'
import { createGlob } from '../domain/glob.js'
import type { Member, Members } from '../domain/message.js'
import { membersAt } from '../wire/json-parts.js'

/**
 * `data.portcullis.redacts`: the tools whose results the policy may hide parts of. None where the data does not say.
 * @param members of the data document, which was checked before
 * @throws PolicySupplyError `check`
 */
export function redactsIn(data: Buffer, members: Members): readonly string[] {
  const own = members.get('portcullis')
  const redacts = own === undefined ? undefined : membersAt(data, own.value).get('redacts')
  if (redacts === undefined) return []
  const listed = valueOf(data, redacts)
  if (Array.isArray(listed) && listed.every((name) => typeof name === 'string')) return listed
  throw new PolicySupplyError(
    'check',
    'data.portcullis.redacts is not a list of names of tools: write ["employee_data", "hr/report_*"]',
  )
}

/** Whether one of these names means the tool of the server that the call goes to. */
export function createRedacts(names: readonly string[]): (call: Call, tool: string) => boolean {
  const globs = names.map(createGlob)
  return ({ server }, tool) => globs.some((fits) => fits(tool) || fits(`${server}/${tool}`))
}

function valueOf(data: Buffer, { value, shape }: Member): unknown {
  return shape === 'array' ? JSON.parse(data.toString('utf8', value.start, value.end)) : undefined
}
