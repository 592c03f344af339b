/** Why a text is not taken as JSON. `duplicate_key` and `depth` are valid JSON that two parsers may read differently. */
export type JsonFaultKind = 'syntax' | 'encoding' | 'bom' | 'duplicate_key' | 'depth'

/** A text that is refused. `message` quotes at most one key of it, escaped and cut. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
  readonly fault: JsonFaultKind
  /** Bytes from the start of the text to where reading stopped. */
  readonly offset: number

  constructor(fault: JsonFaultKind, offset: number, message: string) {
    super(`${message} at byte ${offset}`)
    this.fault = fault
    this.offset = offset
  }
}
