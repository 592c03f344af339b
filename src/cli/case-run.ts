import type { ClassifyTool } from '../domain/action-class.js'
import type { Answer, RefusedAnswer } from '../domain/answer.js'
import type { Call } from '../domain/call.js'
import { strictness, type Decision } from '../domain/decision.js'
import type { DecisionEntry } from '../domain/entry.js'
import { GatewayError } from '../domain/errors.js'
import { createLine } from '../domain/hang-up.js'
import { jsonReply } from '../domain/local-reply.js'
import type { PolicyCase } from '../domain/policy-case.js'
import type { PolicyInput } from '../domain/policy-input.js'
import type { Patterns, Policy, Upstream } from '../domain/ports.js'
import type { Reply } from '../domain/reply.js'
import { unruled } from '../pipeline/judge.js'
import { callOfCase } from '../wire/case-input.js'
import { readMessage } from '../wire/message.js'
import { classifierOf, createCaseGateway } from './case-gateway.js'
import type { LiveServer } from './live-server.js'

/** What a gateway makes of the call of a case. */
export interface CaseRun {
  /** As its caller made it. */
  readonly call: Call
  /** In the order in which they were made. */
  readonly decisions: readonly DecisionEntry[]
  /** What policy was asked, list pages included. */
  readonly asked: readonly PolicyInput[]
  /** As it went on to the server; undefined where it did not. */
  readonly sent: Call | undefined
  /** What the server answered. */
  readonly answered: Outcome | undefined
  /** What the caller gets. */
  readonly released: Outcome | undefined
  /** Why the caller gets nothing although no decision says so. */
  readonly fault: string | undefined
  /** The call went on, and its answer has to come from a server that nobody named. */
  readonly lacksServer: boolean
}

/** JSON text of a result or an error. */
export interface Outcome {
  readonly text: string
  readonly isError: boolean
}

export interface CaseParts {
  readonly policy: Policy
  readonly patterns: Patterns
  /** Where live answers come from. */
  readonly server: LiveServer | undefined
  /** Told what tools do in the case that is run next. */
  readonly classified?: ((classify: ClassifyTool) => void) | undefined
}

/**
 * Sends the call of a case through the pipeline of a gateway, whose upstream answers as the case says.
 * @throws GatewayError where the case tells of no call
 */
export async function runThroughGateway(told: PolicyCase, parts: CaseParts): Promise<CaseRun> {
  const decisions: DecisionEntry[] = []
  const asked: PolicyInput[] = []
  const call = callOfCase(told)
  const answering = createAnswering(told, call, parts.server)
  parts.classified?.(classifierOf(told, call))
  const pipeline = createCaseGateway(told, call, {
    policy: asCaseAsks(told, parts.policy, asked),
    patterns: parts.patterns,
    upstream: answering.upstream,
    tools: parts.server?.tools ?? [],
    decided: (entry) => decisions.push(entry),
  })
  const given = await handled(async () => (await pipeline.handle(call, createLine())).answer)
  const { sent, answered, lacksServer } = answering.came()
  const goesOn = sent !== undefined && answered === undefined
  const isRefused = decisions.some(({ decision, enforced }) => enforced && refuses(decision))
  return {
    ...{ call, decisions, asked, sent, answered, lacksServer },
    released: given instanceof GatewayError || goesOn ? undefined : given,
    fault:
      given instanceof GatewayError && !goesOn && !isRefused
        ? `${given.code}: ${given.message}`
        : undefined,
  }
}

/** The decision that says most: what stopped the call, where anything did. */
export function decidingOf({ decisions }: CaseRun): Decision | undefined {
  return decisions.map(({ decision }) => decision).reduce<Decision | undefined>(stricter, undefined)
}

function stricter(first: Decision | undefined, second: Decision): Decision {
  return first !== undefined && strictness[first.effect] >= strictness[second.effect]
    ? first
    : second
}

export function refuses({ effect }: Decision): boolean {
  return effect === 'deny' || effect === 'ask'
}

async function handled(
  work: () => Promise<Answer | RefusedAnswer>,
): Promise<Outcome | GatewayError | undefined> {
  try {
    const answer = await work()
    return answer.type === 'refused' ? answer.error : await outcomeIn(answer)
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
    throw thrown
  }
}

async function outcomeIn(answer: Answer): Promise<Outcome | undefined> {
  if (answer.type === 'accepted') return undefined
  const chunks: Buffer[] = []
  if (answer.type === 'whole') chunks.push(answer.text)
  else {
    for (let chunk = await answer.chunks.read(); chunk !== undefined;) {
      chunks.push(chunk)
      chunk = await answer.chunks.read()
    }
  }
  const message = readMessage(Buffer.concat(chunks))
  if (message.form !== 'response') return undefined
  const { span, type } = message.outcome
  const text = message.text.toString('utf8', span.start, span.end)
  return { text, isError: type === 'error' }
}

/** The policy as far as the case is about it, with a note of what it was asked. */
function asCaseAsks({ hook }: PolicyCase, policy: Policy, asked: PolicyInput[]): Policy {
  return {
    ...policy,
    hooks: { ...policy.hooks, post: policy.hooks.post && hook !== 'pre' },
    evaluate: (input) => {
      if (hook === 'post' && input.hook === 'pre') return passed
      asked.push(input)
      return policy.evaluate(input)
    },
    list: (input) => {
      asked.push(input)
      return policy.list(input)
    },
  }
}

const passed: Decision = { ...unruled, effect: 'allow', reason: '', obligations: [] }

/** The upstream of a case, and what came to it. */
function createAnswering(told: PolicyCase, asked: Call, server: LiveServer | undefined) {
  const { response, hook } = told
  const came: { sent: Call | undefined; answered: Outcome | undefined; lacksServer: boolean } = {
    sent: undefined,
    answered: undefined,
    lacksServer: false,
  }

  const answerTo = async (call: Call): Promise<Outcome> => {
    if (response.type === 'given') return response
    if (response.type === 'live' && hook !== 'pre') {
      if (server !== undefined) return server.answer(call)
      came.lacksServer = true
    }
    throw new GatewayError('upstream_unavailable', 'The case has no response')
  }

  const send = async (call: Call): Promise<Reply> => {
    came.sent = call
    came.answered = await answerTo(call)
    const { text, isError } = came.answered
    const id = asked.message.form === 'request' ? asked.message.id : 'null'
    const member = isError ? 'error' : 'result'
    return jsonReply(Buffer.from(`{"jsonrpc":"2.0","id":${id},"${member}":${text}}`))
  }

  const upstream: Upstream = {
    name: told.server,
    send,
    listen: () => Promise.reject(new TypeError('A case listens to nothing')),
    answer: () => Promise.resolve(),
    end: () => Promise.reject(new TypeError('A case ends no session')),
    close: () => Promise.resolve(),
  }
  return { upstream, came: () => came }
}
