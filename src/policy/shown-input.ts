import type { PolicyInput } from '../domain/policy-input.js'
import { projectDocument } from './projection.js'
import { hasLoneSurrogate } from './surrogates.js'

/** What becomes of a document over the limit: refused, or shown with its long texts left out. */
export interface LargeInput {
  readonly calls: 'deny' | 'project'
  readonly responses: 'deny' | 'project'
}

export interface ShownLimits {
  readonly maxInputBytes: number
  readonly largeInput: LargeInput
}

/** The input as policy is to see it; undefined where it is too large to be seen. */
export function shownInput(input: PolicyInput, limits: ShownLimits): PolicyInput | undefined {
  const { document } = input
  const { maxInputBytes } = limits
  if (document.length <= maxInputBytes) return input
  if (isTooLarge(input, limits)) return undefined
  const projected = projectDocument(document, maxInputBytes)
  return projected === undefined ? undefined : { ...input, document: projected }
}

/** Whether nobody who decides may see it, not even in part. */
export function isTooLarge(
  { hook, document }: PolicyInput,
  { maxInputBytes, largeInput }: ShownLimits,
): boolean {
  const deals = largeInput[hook === 'post' ? 'responses' : 'calls']
  return document.length > maxInputBytes && deals === 'deny'
}

/** Whether no surrogate stands without its partner: it would end a module, and has no spelling that can be compared. */
export function isReadable({ hook, call, document }: PolicyInput): boolean {
  // After the call was forwarded the document has the text of a second message, the response.
  return call.message.wellFormed && (hook === 'pre' || !hasLoneSurrogate(document))
}
