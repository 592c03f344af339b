import { createRandom } from '../../support/random.js'
import type { Random } from '../../support/random.js'
import { constant, i32 } from './modules.js'
import type { FunctionParts } from './modules.js'

/** Code with every control structure, made at random, that always ends. */
export type Step =
  | { readonly type: 'mix'; readonly by: number }
  | { readonly type: 'block'; readonly body: Steps }
  | {
      readonly type: 'loop'
      readonly turns: number
      readonly counter: number
      readonly body: Steps
    }
  | { readonly type: 'if'; readonly mask: number; readonly then: Steps; readonly other: Steps }
  | { readonly type: 'branchIf'; readonly mask: number; readonly depth: number }
  | { readonly type: 'branchTable'; readonly depths: readonly number[] }
  | { readonly type: 'return' }
  | { readonly type: 'call'; readonly callee: number }

export type Steps = readonly Step[]

/** Functions that call only those behind them. Each changes one number and gives it back. */
export function randomProgram(seed: number): readonly Steps[] {
  const random = createRandom(seed)
  const count = 1 + random.below(5)
  return Array.from({ length: count }, (_, index) => {
    const counters = { next: 1 }
    return steps(random, { frames: [false], callees: [index + 1, count], counters })
  })
}

interface Place {
  /** Whether the frame may be branched to: a branch to a loop would begin it anew. The innermost comes last. */
  readonly frames: readonly boolean[]
  readonly callees: readonly [number, number]
  readonly counters: { next: number }
}

function steps(random: Random, place: Place): Steps {
  const length = random.below(place.frames.length > 4 ? 2 : 5)
  return Array.from({ length }, () => step(random, place))
}

function step(random: Random, place: Place): Step {
  const inside = (isTarget: boolean) =>
    steps(random, { ...place, frames: [...place.frames, isTarget] })
  const kinds = [
    'mix',
    'mix',
    'block',
    'loop',
    'if',
    'branchIf',
    'branchTable',
    'return',
    'call',
  ] as const
  const type = random.oneOf([...kinds])
  const mask = 1 << random.below(8)
  const targets = targetsOf(place.frames)
  switch (type) {
    case 'block':
      return { type, body: inside(true) }
    case 'loop': {
      const counter = place.counters.next++
      return { type, turns: 1 + random.below(4), counter, body: inside(false) }
    }
    case 'if':
      return { type, mask, then: inside(true), other: inside(true) }
    case 'branchIf':
      return { type, mask, depth: random.oneOf(targets) }
    case 'branchTable':
      return { type, depths: Array.from({ length: 4 }, () => random.oneOf(targets)) }
    case 'return':
      return random.below(3) === 0 ? { type } : { type: 'mix', by: 3 }
    case 'call': {
      const [first, end] = place.callees
      return first < end
        ? { type, callee: first + random.below(end - first) }
        : { type: 'mix', by: 5 }
    }
    case 'mix':
      return { type, by: 1 + random.below(60) }
  }
}

/** The function itself is the outermost, and can be branched to. */
function targetsOf(frames: readonly boolean[]): [number, ...number[]] {
  const depths = frames.map((isTarget, index) => (isTarget ? frames.length - 1 - index : -1))
  return [frames.length - 1, ...depths.filter((depth) => depth >= 0)]
}

/** As one parameter that the body works on, in a block of which each branch out of the function is one to its end. */
export function functionOf(body: Steps): FunctionParts {
  return {
    parameters: [i32],
    results: [i32],
    locals: 100,
    code: [0x02, 0x40, ...body.flatMap(codeOf), 0x0b, ...get(0)],
  }
}

const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const masked = (mask: number) => [...get(0), ...constant(mask), 0x71]

function codeOf(step: Step): readonly number[] {
  switch (step.type) {
    case 'mix':
      return [...get(0), ...constant(step.by), 0x6c, ...constant(7), 0x6a, ...set(0)]
    case 'block':
      return [0x02, 0x40, ...step.body.flatMap(codeOf), 0x0b]
    case 'loop': {
      const turn = [...get(step.counter), ...constant(1), 0x6b, 0x22, step.counter, 0x0d, 0]
      return [
        ...[...constant(step.turns), ...set(step.counter), 0x03, 0x40],
        ...[...step.body.flatMap(codeOf), ...turn, 0x0b],
      ]
    }
    case 'if':
      return [
        ...[...masked(step.mask), 0x04, 0x40, ...step.then.flatMap(codeOf)],
        ...[0x05, ...step.other.flatMap(codeOf), 0x0b],
      ]
    case 'branchIf':
      return [...masked(step.mask), 0x0d, step.depth]
    case 'branchTable':
      return [...masked(3), 0x0e, step.depths.length - 1, ...step.depths]
    case 'return':
      return [...get(0), 0x0f]
    case 'call':
      return [...get(0), 0x10, step.callee, ...set(0)]
  }
}

/** What the first function gives, and how many instructions that takes; undefined where it takes too many to try. */
export function interpret(
  program: readonly Steps[],
  input: number,
): { readonly value: number; readonly executed: number } | undefined {
  let executed = 0
  let value = input

  function runAll(steps: Steps): number {
    for (const step of steps) {
      if (executed > longest) return everything
      const left = runOne(step)
      if (left > 0) return left
    }
    return 0
  }

  /** Gives how many frames it leaves. */
  function runOne(step: Step): number {
    switch (step.type) {
      case 'mix':
        executed += 6
        value = (Math.imul(value, step.by) + 7) | 0
        return 0
      case 'block':
        executed += 1
        return outside(runAll(step.body))
      case 'loop':
        executed += 3
        for (let turn = step.turns; turn > 0; turn -= 1) {
          const left = runAll(step.body)
          if (left > 0) return outside(left)
          executed += 5
        }
        return 0
      case 'if':
        executed += 4
        return outside(runAll((value & step.mask) === 0 ? step.other : step.then))
      case 'branchIf':
        executed += 4
        return (value & step.mask) === 0 ? 0 : step.depth + 1
      case 'branchTable':
        executed += 4
        return (step.depths[value & 3] ?? 0) + 1
      case 'return':
        executed += 2
        return everything
      case 'call':
        executed += 3
        call(step.callee)
        return 0
    }
  }

  function call(index: number): void {
    executed += 2
    runAll(program[index] ?? [])
  }

  call(0)
  return executed > longest ? undefined : { value, executed }
}

const longest = 20_000
const everything = 1000

function outside(left: number): number {
  return Math.max(left - 1, 0)
}
