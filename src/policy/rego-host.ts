import type { PolicyInput } from '../domain/policy-input.js'
import type { Builtin, Charge, Moment } from './builtins/builtin.js'
import type { RegoExports } from './rego-exports.js'
import { abortFault, RegoFault } from './rego-fault.js'
import type { RegoMemory } from './rego-memory.js'
import { parseRego, printRego } from './rego-text.js'
import type { RegoValue } from './rego-value.js'
import type { WasmImports } from './rego-runtime.js'

/** What a module asks of whoever runs it. */
export interface RegoHost {
  readonly imports: WasmImports
  /** Builtins can be called from now on: with the moment of this input. */
  begin(input: RegoInput): void
}

/** What an evaluation is asked, and what it knows of the world. */
export type RegoInput = Pick<PolicyInput, 'hook' | 'time' | 'document'>

export interface HostParts {
  readonly memory: RegoMemory
  /** By the number that the module knows them by. */
  readonly builtins: readonly (Builtin | undefined)[]
  /** Of the instance that is run; called only while it runs. */
  readonly exports: () => RegoExports
  /**
   * Takes the fuel of so many nanoseconds of the reference machine.
   * @throws RegoFault `budget` when there is no more
   */
  readonly charge: Charge
}

export function createRegoHost(parts: HostParts): RegoHost {
  const { memory, builtins, exports, charge } = parts
  let input: RegoInput | undefined
  let moment: Moment | undefined

  function call(id: number, addresses: readonly number[]): number {
    const builtin = builtins[id]
    if (builtin === undefined || input === undefined) {
      throw new RegoFault('builtin', `there is no builtin ${id}`, '')
    }
    moment ??= { timeNs: BigInt(Math.floor(input.time)) * 1_000_000n, document: input.document }
    const texts = addresses.map((address) => memory.textAt(exports().opa_value_dump(address)))
    const bytes = texts.reduce((sum, { length }) => sum + length, 0)
    charge(callNs + texts.reduce((sum, text) => sum + crossingNs(text), 0))
    const args = texts.map(parseArgument)
    charge(builtin.cost(bytes, args))
    const result = resultOf(builtin, args, moment, charge)
    return result === undefined ? undefinedValue : store(printRego(result))
  }

  function store(text: string): number {
    const bytes = Buffer.byteLength(text)
    charge(crossingNs(text))
    const { opa_malloc, opa_value_parse } = exports()
    const address = opa_malloc(bytes)
    memory.write(text, address)
    return opa_value_parse(address, bytes)
  }

  return {
    imports: {
      env: {
        memory: memory.wasm,
        opa_abort: (address: number) => {
          throw abortFault(memory.textAt(address))
        },
        opa_println: () => undefined,
        opa_builtin0: (id: number) => call(id, []),
        opa_builtin1: (id: number, _context: number, a: number) => call(id, [a]),
        opa_builtin2: (id: number, _context: number, a: number, b: number) => call(id, [a, b]),
        opa_builtin3: (id: number, _context: number, a: number, b: number, c: number) =>
          call(id, [a, b, c]),
        opa_builtin4: (id: number, _context: number, a: number, b: number, c: number, d: number) =>
          call(id, [a, b, c, d]),
      },
    },
    begin: (next) => {
      input = next
      moment = undefined
    },
  }
}

const undefinedValue = 0

// What a call costs besides the builtin itself, on the reference machine and at most.
const callNs = 1500

/** Values cross as text, which is read and written at this price: long strings are cheap, many small values are not. */
function crossingNs(text: string): number {
  let marks = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === comma || code === openingBracket || code === openingBrace) marks += 1
  }
  return text.length * 12 + marks * 250
}

const comma = 0x2c
const openingBracket = 0x5b
const openingBrace = 0x7b

function parseArgument(text: string): RegoValue {
  try {
    return parseRego(text)
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : ''
    throw new RegoFault('builtin', `an argument of a builtin cannot be read: ${message}`, '')
  }
}

/** What OPA leaves undefined is undefined here; a builtin that throws is broken, and no policy may go on without it. */
function resultOf(
  builtin: Builtin,
  args: readonly RegoValue[],
  moment: Moment,
  charge: Charge,
): RegoValue | undefined {
  try {
    return builtin.call(args, moment, charge)
  } catch (thrown) {
    if (thrown instanceof RegoFault) throw thrown
    const message = thrown instanceof Error ? thrown.message : ''
    throw new RegoFault('builtin', `a builtin broke off: ${message}`, '')
  }
}
