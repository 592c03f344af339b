import { formatBigInteger, formatFloatArgument, formatInteger, formatText } from './go-verbs.js'

/** An argument of `fmt.Sprintf`, by the Go type that it has there. */
export type Operand =
  | { readonly type: 'int64'; readonly value: bigint }
  | { readonly type: '*big.Int'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }

/** What stands between `%` and the verb. */
export interface Flags {
  minus: boolean
  plus: boolean
  sharp: boolean
  space: boolean
  zero: boolean
  /** The `+` and `#` of `%+v` and `%#v`, which are not the others. */
  plusV: boolean
  sharpV: boolean
  width: number | undefined
  precision: number | undefined
}

/** As `fmt.Sprintf` of Go writes it, faults in the format included. */
export function printf(format: string, operands: readonly Operand[]): string {
  const state: State = {
    format,
    at: 0,
    lastBracket: format.lastIndexOf(']'),
    operands,
    next: 0,
    isReordered: false,
    isIndexGood: true,
    out: [],
  }
  for (;;) {
    const percent = format.indexOf('%', state.at)
    state.out.push(format.slice(state.at, percent === -1 ? format.length : percent))
    if (percent === -1) break
    state.at = percent + 1
    if (!printVerb(state)) break
  }
  if (!state.isReordered && state.next < operands.length) {
    const extra = operands.slice(state.next).map((operand) => typed(operand, noFlags()))
    state.out.push(`%!(EXTRA ${extra.join(', ')})`)
  }
  return state.out.join('')
}

interface State {
  readonly format: string
  at: number
  readonly lastBracket: number
  readonly operands: readonly Operand[]
  /** The operand that the next verb takes. */
  next: number
  /** Some verb has named its operand by number. */
  isReordered: boolean
  /** Every number in brackets of this verb is one of an operand, and stands where it may. */
  isIndexGood: boolean
  readonly out: string[]
}

/** False where the format ends before the verb. */
function printVerb(state: State): boolean {
  const flags = readFlags(state)
  state.isIndexGood = true
  readNumbers(state, flags)
  const code = state.format.codePointAt(state.at)
  if (code === undefined) {
    state.out.push('%!(NOVERB)')
    return false
  }
  const verb = String.fromCodePoint(code)
  state.at += verb.length
  state.out.push(verbText(state, verb, flags))
  return true
}

function verbText(state: State, verb: string, flags: Flags): string {
  if (verb === '%') return '%'
  if (!state.isIndexGood) return `%!${verb}(BADINDEX)`
  const operand = state.operands[state.next]
  if (operand === undefined) return `%!${verb}(MISSING)`
  state.next += 1
  if (verb !== 'v' && verb !== 'w') return printOperand(operand, verb, flags)
  const { sharp, plus } = flags
  return printOperand(operand, verb, {
    ...flags,
    sharpV: sharp,
    sharp: false,
    plusV: plus,
    plus: false,
  })
}

export function noFlags(): Flags {
  return {
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
    width: undefined,
    precision: undefined,
  }
}

function readFlags(state: State): Flags {
  const flags = noFlags()
  for (; ; state.at += 1) {
    const name = flagNames[state.format[state.at] ?? '']
    if (name === undefined) return flags
    flags[name] = true
  }
}

const flagNames: Readonly<
  Record<string, 'minus' | 'plus' | 'sharp' | 'space' | 'zero' | undefined>
> = { '-': 'minus', '+': 'plus', '#': 'sharp', ' ': 'space', '0': 'zero' }

/** Width, precision and the number of the operand; where a number is not one of an operand, the verb is not printed. */
function readNumbers(state: State, flags: Flags): void {
  let isIndexed = readIndex(state)
  if (state.format[state.at] === '*') {
    state.at += 1
    readWidthOperand(state, flags)
    isIndexed = false
  } else {
    flags.width = readNumber(state)
    if (isIndexed && flags.width !== undefined) state.isIndexGood = false
  }
  if (state.format[state.at] === '.' && state.at + 1 < state.format.length) {
    state.at += 1
    if (isIndexed) state.isIndexGood = false
    isIndexed = readIndex(state)
    if (state.format[state.at] === '*') {
      state.at += 1
      readPrecisionOperand(state, flags)
      isIndexed = false
    } else flags.precision = readNumber(state) ?? 0
  }
  if (!isIndexed) readIndex(state)
}

/** Whether there is a number in brackets: `[1]` is the first operand. */
function readIndex(state: State): boolean {
  const { format, at } = state
  if (format[at] !== '[') return false
  state.isReordered = true
  const end = at + 3 > format.length ? -1 : closingBracket(state)
  state.at = end === -1 ? at + 1 : end + 1
  const digits = end === -1 ? '' : format.slice(at + 1, end)
  const number = /^\d+$/.test(digits) ? smallNumber(digits) : undefined
  if (number !== undefined && number >= 1 && number <= state.operands.length) {
    state.next = number - 1
  } else state.isIndexGood = false
  return number !== undefined
}

// Looking for a bracket that is not there, again and again, would take the square of the length of the format.
function closingBracket({ format, at, lastBracket }: State): number {
  return at > lastBracket ? -1 : format.indexOf(']', at)
}

function readNumber(state: State): number | undefined {
  const start = state.at
  while (isDigit(state.format.charCodeAt(state.at))) state.at += 1
  if (state.at === start) return undefined
  const number = smallNumber(state.format.slice(start, state.at))
  // Past the limit Go gives up on the whole rest of the format.
  if (number === undefined) state.at = state.format.length
  return number
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Undefined for one that is too large before its last digit. */
function smallNumber(digits: string): number | undefined {
  const significant = digits.replace(/^0+/, '')
  return significant.length > 8 || Number(significant.slice(0, -1)) > largestNumber
    ? undefined
    : Number(significant)
}

// Of Go, for widths and precisions.
const largestNumber = 1e6

function readWidthOperand(state: State, flags: Flags): void {
  const width = takeNumber(state)
  if (width === undefined) {
    state.out.push('%!(BADWIDTH)')
    return
  }
  flags.width = Math.abs(width)
  if (width < 0) {
    flags.minus = true
    flags.zero = false
  }
}

function readPrecisionOperand(state: State, flags: Flags): void {
  const precision = takeNumber(state)
  if (precision === undefined || precision < 0) state.out.push('%!(BADPREC)')
  else flags.precision = precision
}

function takeNumber(state: State): number | undefined {
  const operand = state.operands[state.next]
  if (operand === undefined) return undefined
  state.next += 1
  if (operand.type !== 'int64') return undefined
  const number = Number(operand.value)
  return Math.abs(number) > largestNumber ? undefined : number
}

function printOperand(operand: Operand, verb: string, flags: Flags): string {
  if (verb === 'T') return formatText(operand.type, 's', flags) ?? ''
  return formatted(operand, verb, flags) ?? badVerb(operand, verb, flags)
}

function formatted(operand: Operand, verb: string, flags: Flags): string | undefined {
  switch (operand.type) {
    case 'int64':
      return formatInteger(operand.value, verb, flags)
    case '*big.Int':
      return formatBigInteger(operand.value, verb, flags)
    case 'float64':
      return formatFloatArgument(operand.value, verb, flags)
    case 'string':
      return formatText(operand.value, verb, flags)
  }
}

function badVerb(operand: Operand, verb: string, flags: Flags): string {
  return `%!${verb}(${typed(operand, flags)})`
}

function typed(operand: Operand, flags: Flags): string {
  return `${operand.type}=${formatted(operand, 'v', flags) ?? ''}`
}
