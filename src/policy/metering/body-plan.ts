import { opcode, skipImmediates, takesRange } from './instructions.js'
import type { Cursor } from './wasm-reader.js'
import { broken, createCursor, readByte, readU32, readValueType } from './wasm-reader.js'
import { entryWeight, smallestStretch, turnWeight, weightOf } from './weights.js'

/**
 * What is done to the code of one function: changes in the order of the code, a column for each thing to know of them,
 * because a large module has hundreds of thousands. The first is the payment at the entry.
 */
export interface BodyPlan {
  readonly what: Change[]
  /** What is replaced: from `at` to `end`, one and the same place where something is put in. */
  readonly at: number[]
  readonly end: number[]
  /** What is paid; 0 where another payment has it included. */
  readonly weight: number[]
  /** The payment that is made on every way here, -1 where this one cannot be included in it. */
  readonly before: number[]
  /** How much of the weight is for code that may be jumped over. */
  readonly skippable: number[]
  /** The functions that it calls by name. */
  readonly callees: number[]
}

export type Change = (typeof change)[keyof typeof change]

export const change = {
  /** Pay, and trap when nothing is left: at the entry, and in each turn of a loop. */
  payOrTrap: 0,
  /** Pay for code that other code jumps over. */
  pay: 1,
  memorySize: 2,
  memoryGrow: 3,
  payForRange: 4,
} as const

/**
 * Plans how the body is metered. Its entry pays for the code outside of loops, a turn of a loop for the code in that loop
 * and outside of inner ones, and a long stretch that may be jumped over pays for itself: so every way through the
 * code pays at least for what it executes. `callWeights`: by function index, what a call pays on behalf of the callee.
 */
export function planBody({ bytes, at, end }: Cursor, callWeights: ArrayLike<number>): BodyPlan {
  const body = createCursor(bytes, at, end)
  const walk: Walk = { callWeights, plan: emptyPlan(), frames: [], pay: 0 }
  skipLocals(body)
  walk.pay = put(walk.plan, change.payOrTrap, body.at, body.at, -1)
  weigh(walk, entryWeight)
  for (let open = true; open;) open = step(walk, body)
  if (body.at !== body.end) throw broken('code follows the end of a function', body.at)
  joinSmall(walk.plan)
  return walk.plan
}

interface Walk {
  readonly callWeights: ArrayLike<number>
  readonly plan: BodyPlan
  /** Of the blocks, loops and ifs around: the payment that was in force where each began. */
  readonly frames: number[]
  /** The payment for the code that comes next. */
  pay: number
}

function emptyPlan(): BodyPlan {
  return { what: [], at: [], end: [], weight: [], before: [], skippable: [], callees: [] }
}

function skipLocals(body: Cursor): void {
  for (let left = readU32(body); left > 0; left -= 1) {
    readU32(body)
    readValueType(body)
  }
}

/** Says whether the function goes on behind the instruction. */
function step(walk: Walk, body: Cursor): boolean {
  const start = body.at
  const code = readByte(body)
  weigh(walk, weightOf(code))
  if (code === opcode.call) {
    call(walk, readU32(body))
    return true
  }
  const second = skipImmediates(body, code)
  switch (code) {
    case opcode.block:
      walk.frames.push(walk.pay)
      break
    case opcode.loop:
      walk.frames.push(walk.pay)
      walk.pay = put(walk.plan, change.payOrTrap, body.at, body.at, -1)
      weigh(walk, turnWeight)
      break
    case opcode.if:
      walk.frames.push(walk.pay)
      payAnew(walk, body.at, walk.pay)
      break
    case opcode.else:
      payAnew(walk, body.at, walk.frames.at(-1) ?? 0)
      break
    case opcode.end:
      return closeFrame(walk, body.at)
    case opcode.branchIf:
      payAnew(walk, body.at, walk.pay)
      break
    case opcode.memorySize:
      put(walk.plan, change.memorySize, start, body.at, -1)
      break
    case opcode.memoryGrow:
      put(walk.plan, change.memoryGrow, start, body.at, -1)
      break
    case opcode.bulk:
      if (takesRange(second)) put(walk.plan, change.payForRange, start, start, -1)
      break
  }
  return true
}

function call(walk: Walk, callee: number): void {
  walk.plan.callees.push(callee)
  weigh(walk, walk.callWeights[callee] ?? 0)
}

function payAnew(walk: Walk, at: number, before: number): void {
  walk.pay = put(walk.plan, change.pay, at, at, before)
}

/** Says whether there was one: the last end is that of the function. */
function closeFrame(walk: Walk, at: number): boolean {
  const before = walk.frames.pop()
  if (before === undefined) return false
  payAnew(walk, at, before)
  return true
}

function weigh({ plan, pay }: Walk, weight: number): void {
  plan.weight[pay] = (plan.weight[pay] ?? 0) + weight
}

function put(plan: BodyPlan, what: Change, at: number, end: number, before: number): number {
  plan.what.push(what)
  plan.at.push(at)
  plan.end.push(end)
  plan.weight.push(0)
  plan.before.push(before)
  plan.skippable.push(0)
  return plan.what.length - 1
}

/** From the end, so that what a payment takes over from later ones counts as its own when it is asked for its size. */
function joinSmall({ weight, before, skippable }: BodyPlan): void {
  for (let index = weight.length - 1; index > 0; index -= 1) {
    const target = before[index] ?? -1
    if (target < 0) continue
    const own = weight[index] ?? 0
    const skipped = (skippable[target] ?? 0) + own
    if (skipped > smallestStretch) continue
    skippable[target] = skipped
    weight[target] = (weight[target] ?? 0) + own
    weight[index] = 0
  }
}
