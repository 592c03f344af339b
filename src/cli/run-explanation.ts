import type { JsonValue } from '../domain/json.js'
import { payloadOf } from '../domain/payload.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Policy } from '../domain/ports.js'
import type { Explanation } from '../domain/explanation.js'
import type { CaseRun } from './case-run.js'
import { explanationLines } from './explanation-text.js'
import { lineDiff } from './line-diff.js'
import { prettyOpened } from './pretty-json.js'

/** How one decision of a run came about. */
export interface ExplainedStep extends Explanation {
  readonly hook: PolicyInput['hook']
  /** Whether the call was judged once more, as it is sent. */
  readonly again: boolean
}

/** Every decision about the call and its answer, in the order in which they were made; not those about lists. */
export function explainRun({ asked }: CaseRun, { explain }: Policy): readonly ExplainedStep[] {
  if (explain === undefined) return []
  return asked
    .filter(({ hook }) => hook !== 'list')
    .map((input, at, all) => ({
      ...explain(input),
      hook: input.hook,
      again: all.slice(0, at).some(({ hook }) => hook === input.hook),
    }))
}

export function stepLines(steps: readonly ExplainedStep[]): string {
  return steps
    .map((step) => explanationLines(`${step.hook}${step.again ? ', as it is sent' : ''}`, step))
    .join('')
}

/** What became of arguments and result, where anything did. */
export function changeLines(run: CaseRun): string {
  const { call, sent, answered, released } = run
  const lines = [
    ...changed('arguments', argumentsTextIn(call), sent && argumentsTextIn(sent)),
    ...changed('result', answered?.text, released?.text),
    ...(answered === undefined && released !== undefined
      ? [
          'result',
          ...prettyOpened(released.text)
            .split('\n')
            .map((line) => `    ${line}`),
        ]
      : []),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function changed(
  what: string,
  before: string | undefined,
  after: string | undefined,
): readonly string[] {
  if (before === undefined || after === undefined) return []
  const [first, second] = [prettyOpened(before), prettyOpened(after)]
  if (first === second) return []
  return [
    `${what}: what is taken away is marked -, what is put there +`,
    ...lineDiff(first, second).map((line) => `  ${line}`),
  ]
}

/** As they are spelled. */
export function argumentsTextIn(call: CaseRun['call']): string {
  const { text, span } = payloadOf(call)
  return span === undefined ? '{}' : text.toString('utf8', span.start, span.end)
}

export function argumentsIn(call: CaseRun['call']): JsonValue {
  return JSON.parse(argumentsTextIn(call)) as JsonValue
}
