import { performance } from 'node:perf_hooks'
import { policyInput } from '../dist/domain/policy-input.js'
import { anonymous } from '../dist/domain/principal.js'
import { readMessage } from '../dist/wire/message.js'
import { readOperation } from '../dist/wire/operation.js'
import { createDurations } from './durations.mjs'
import { frontDoor } from './front-door.mjs'
import { hostileCall, hostileResult } from './hostile-calls.mjs'
import { error, oracles, replyObligations } from './oracles.mjs'
import { isAbsurd, isNumber, leavesOf, readPlainJson } from './plain-json.mjs'

const maxInputBytes = 1 << 20

/** Makes up one call after the other, has a policy decide it, and compares the decision with what it must be. */
export function createJudge({ random, findings }) {
  const durations = { during: createDurations(), between: createDurations() }
  const tally = { allow: 0, deny: 0, policy_error: 0, refused_before_policy: 0 }
  let count = 0
  let busy = 0

  function once(policy, when, call = hostileCall(random)) {
    const { text, roles } = call
    const facts = frontDoor(text)
    const reply = random.oneIn(8) ? hostileResult(random) : undefined
    const started = performance.now()
    const decision = decide(policy, { text, roles, reply })
    const took = (performance.now() - started) * 1000
    busy += took
    if (decision === undefined || facts.verdict === 'refused') {
      tally.refused_before_policy += 1
      const agree = decision === undefined && facts.verdict === 'refused'
      if (!agree) findings.add('front door', `${facts.why ?? 'readable'}: ${shown(text)}`)
      return
    }
    durations[when].add(took)
    count += 1
    tally[decision.code === 'policy_error' ? 'policy_error' : decision.effect] += 1
    check(policy, decision, { facts: factsOf(facts, roles), text, reply }, findings)
  }

  return {
    once,
    count: () => count,
    result: () => ({ durations, tally, busySeconds: busy / 1e6 }),
  }
}

/** Undefined where the message is refused before policy sees it. */
function decide(policy, { text, roles, reply }) {
  let call
  try {
    const message = readMessage(text)
    call = callOf(message, readOperation(message), roles)
  } catch (thrown) {
    if (thrown.name === 'GatewayError') return undefined
    throw thrown
  }
  const span = { start: 0, end: reply?.length }
  const response = reply === undefined ? undefined : { text: reply, span, isError: false }
  const hook = reply === undefined ? 'pre' : 'post'
  return policy.evaluate(policyInput({ call, hook, time: 0, response, inputHeaders: 'all' }))
}

function callOf(message, operation, roles) {
  return {
    id: 'soak',
    message,
    operation,
    direction: 'to_server',
    principal: { ...anonymous, id: 'soak', roles, authenticated: true },
    claimed: undefined,
    server: 'default',
    session: undefined,
    headers: { 'user-agent': 'soak' },
    requestIp: '192.0.2.1',
    protocol: '2025-11-25',
    time: 0,
    era: 'legacy',
  }
}

function factsOf({ method, tool, params, wellFormed }, roles) {
  return { kind: method, tool, params, wellFormed, roles }
}

function check(policy, decision, { facts, text, reply }, findings) {
  const [name] = policy.revision.split('#')
  const expected = expectedOf(name, facts, text, reply)
  const actual = {
    effect: decision.effect,
    code: decision.code,
    reason: expected.reason === undefined ? undefined : decision.reason,
    fault: decision.fault,
    obligations: decision.obligations?.length,
  }
  const isSame = Object.keys(actual).every((member) => actual[member] === expected[member])
  const isRightful = isSame || (decision.fault === 'trap' && mayTrap(facts))
  if (!isRightful) {
    findings.add(
      'wrong decision',
      `${policy.revision} ${JSON.stringify({ expected, actual, roles: facts.roles })} ${shown(text)}`,
    )
  }
  if (decision.revision !== policy.revision) findings.add('wrong revision', decision.revision)
}

function expectedOf(name, facts, text, reply) {
  // A policy that has nothing to say about replies says so, whatever they are like.
  if (reply !== undefined && replyObligations[name] === undefined) return error('undefined')
  if (text.length > maxInputBytes) return error('input_too_large')
  if (!facts.wellFormed) return error('input')
  if (reply === undefined) return oracles[name](facts)
  if (!readPlainJson(reply).wellFormed) return error('input')
  return { effect: 'allow', obligations: replyObligations[name](facts) }
}

/** A number whose exponent nothing can compute with ends the evaluation where policy compares it: a refusal, too. */
function mayTrap({ params }) {
  return [...leavesOf(params)].some((leaf) => isNumber(leaf) && isAbsurd(leaf.literal))
}

function shown(text) {
  return text.length > 400
    ? `${text.toString().slice(0, 400)}… (${text.length} bytes)`
    : text.toString()
}
