import { GatewayError } from '../domain/errors.js'
import type { Member, Members } from '../domain/message.js'
import { membersAt } from './json-parts.js'
import { caseVariantOf } from './protocol-keys.js'

/**
 * The members of an object that stands deeper in a checked text than those of the message were recorded.
 * @throws GatewayError `invalid_params` where a key differs from one of the protocol only in case
 */
export function nestedMembers(text: Buffer, { value }: Member, where: string): Members {
  const members = membersAt(text, value)
  for (const key of members.keys()) {
    const variant = caseVariantOf(key)
    if (variant !== undefined) {
      const message = `${JSON.stringify(key)} in "${where}" differs from "${variant}" only in case`
      throw new GatewayError('invalid_params', message)
    }
  }
  return members
}
