import type { BodyPlan } from './body-plan.js'
import { planBody } from './body-plan.js'
import type { Cursor } from './wasm-reader.js'
import { largestPaidByCaller } from './weights.js'

/**
 * Plans all functions of a module. The entry of one is paid for by those that call it where that is little, since a
 * call then needs one payment and not two. Of functions that call each other in a circle one pays itself, so that the sum
 * is finite.
 */
export function planBodies(bodies: readonly Cursor[], imported: number): readonly FunctionPlan[] {
  const callWeights = new Uint16Array(imported + bodies.length)
  const callees = bodies.map((body) => planBody(body, callWeights).callees)
  const { order, repeated } = calleesFirst(callees, imported)
  const plans = Array<FunctionPlan>(bodies.length)
  for (const index of order) {
    const body = bodies[index]
    if (body === undefined) continue
    const plan = planBody(body, callWeights)
    const entry = plan.weight[0] ?? 0
    const entryPaid = entry <= largestPaidByCaller && repeated[index] === 0
    if (entryPaid) callWeights[imported + index] = entry
    plans[index] = { body, plan, entryPaid }
  }
  return plans
}

export interface FunctionPlan {
  readonly body: Cursor
  readonly plan: BodyPlan
  /** Whether its callers pay for the entry. */
  readonly entryPaid: boolean
}

interface CallOrder {
  /** The module's own functions, each behind all that it calls, except where they call each other in a circle. */
  readonly order: Uint32Array
  /** 1 for at least one function of each circle. */
  readonly repeated: Uint8Array
}

/** A walk in depth, with a stack of its own: a chain of calls may be longer than that of the runtime. */
function calleesFirst(callees: readonly (readonly number[])[], imported: number): CallOrder {
  const order = new Uint32Array(callees.length)
  const repeated = new Uint8Array(callees.length)
  const state = new Uint8Array(callees.length)
  const way: number[] = []
  const next: number[] = []
  let placed = 0

  function open(index: number): void {
    state[index] = onTheWay
    way.push(index)
    next.push(0)
  }

  function goOn(index: number): void {
    const turn = next.pop() ?? 0
    const callee = callees[index]?.[turn]
    if (callee === undefined) {
      state[index] = done
      order[placed] = index
      placed += 1
      way.pop()
      return
    }
    next.push(turn + 1)
    const own = callee - imported
    if (state[own] === onTheWay) repeated[own] = 1
    if (state[own] === untouched) open(own)
  }

  for (let start = 0; start < callees.length; start += 1) {
    if (state[start] === untouched) open(start)
    for (let index = way.at(-1); index !== undefined; index = way.at(-1)) goOn(index)
  }
  return { order, repeated }
}

const untouched = 0
const onTheWay = 1
const done = 2
