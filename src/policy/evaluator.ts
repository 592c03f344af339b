import { numbersOf } from './entrypoints.js'
import { createLiveInstance } from './live-instance.js'
import type { Live, LiveInstanceParts } from './live-instance.js'
import { asRegoFault, RegoFault } from './rego-fault.js'
import type { RegoInput } from './rego-host.js'

/** Evaluates one module over one data document, each time as if it were the first. */
export interface RegoEvaluator {
  /**
   * The result set of the hook's entrypoint as JSON text: `[{"result":…}]`, or `[]` where policy leaves it undefined. The
   * document must be valid JSON: the module reads broken text as "no input" and says nothing.
   * @throws RegoFault
   */
  evaluate(input: RegoInput): string
  /** What the last evaluation took. */
  fuelUsed(): number
  /** Lets go of the memory; evaluations that still come are slower. */
  release(): void
}

export interface EvaluatorParts extends LiveInstanceParts {
  /** Fuel of one evaluation. */
  readonly budget: number
}

export function createRegoEvaluator(parts: EvaluatorParts): RegoEvaluator {
  const { module, maxInputBytes, budget } = parts
  const fuel = BigInt(budget)
  const numbers = numbersOf(module.entrypoints)
  const live = createLiveInstance(parts)
  let used = 0

  return {
    evaluate(input) {
      used = 0
      const entrypoint = numbers[input.hook]
      if (entrypoint === undefined) throw new RegoFault('trap', `no hook ${input.hook}`, '')
      checkDocument(input.document, maxInputBytes)
      const taken = live.current()
      const { meters } = taken.instance
      meters.fuel.value = fuel
      try {
        const text = evaluated(taken, entrypoint, input)
        used = budget - Number(meters.fuel.value)
        live.tidy(taken)
        return text
      } catch (thrown) {
        const left = Number(meters.fuel.value)
        const isMemoryRefused = meters.refusedPages.value !== 0
        used = budget - Math.max(left, 0)
        live.mend(taken)
        throw asRegoFault(thrown, { isFuelSpent: left < 0, isMemoryRefused })
      }
    },
    fuelUsed: () => used,
    release: () => live.release(),
  }
}

const openingBrace = 0x7b
const closingBrace = 0x7d

function checkDocument(document: Uint8Array, maxInputBytes: number): void {
  const isObject = document[0] === openingBrace && document[document.length - 1] === closingBrace
  if (isObject && document.length <= maxInputBytes) return
  throw new RegoFault('input', 'the input is not the text of a JSON object, or too long', '')
}

/** One `opa_eval`: the module sets its heap back to where it is told to, so nothing needs to be freed. */
function evaluated({ instance, snapshot }: Live, entrypoint: number, input: RegoInput): string {
  const { memory, exports, host } = instance
  const { dataAddress, dataEnd } = snapshot
  const { document } = input
  const heap = dataEnd + Math.ceil(document.length / alignment) * alignment
  host.begin(input)
  memory.bytes().set(document, dataEnd)
  const result = exports.opa_eval(0, entrypoint, dataAddress, dataEnd, document.length, heap, 0)
  return memory.textAt(result, longestResult)
}

const alignment = 8
const longestResult = 1 << 20
