/** Instructions in the binary format, to be written in the order of execution. */
export type Code = readonly number[]

export const unreachable: Code = [0x00]
export const leave: Code = [0x0f]
export const select: Code = [0x1b]
export const isZero: Code = [0x45]
export const isEqual: Code = [0x46]
export const isLess: Code = [0x49]
export const isMore: Code = [0x4b]
export const add: Code = [0x6a]
export const subtract: Code = [0x6b]
export const or: Code = [0x72]
export const shiftLeft: Code = [0x74]
export const isNegative64: Code = [0x42, 0, 0x53]
export const subtract64: Code = [0x7d]
export const multiply64: Code = [0x7e]
export const widen: Code = [0xad]
export const memorySize: Code = [0x3f, 0]
export const memoryGrow: Code = [0x40, 0]
export const memoryFill: Code = [0xfc, 11, 0]

export function join(...parts: readonly Code[]): Code {
  return parts.flat()
}

export function get(local: number): Code {
  return [0x20, ...unsigned(local)]
}

export function set(local: number): Code {
  return [0x21, ...unsigned(local)]
}

export function getGlobal(index: number): Code {
  return [0x23, ...unsigned(index)]
}

export function setGlobal(index: number): Code {
  return [0x24, ...unsigned(index)]
}

export function call(index: number): Code {
  return [0x10, ...unsigned(index)]
}

export function constant(value: number): Code {
  return [0x41, ...signed(value)]
}

export function constant64(value: number): Code {
  return [0x42, ...signed(value)]
}

export function finish(code: Code): Code {
  return [...code, 0x0b]
}

/** Without parameters and results. */
export function when(condition: Code, then: Code): Code {
  return [...condition, 0x04, 0x40, ...then, 0x0b]
}

/** LEB128. */
export function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...unsigned(Math.floor(value / 0x80))]
}

/** LEB128, signed. */
export function signed(value: number): Code {
  const low = value & 0x7f
  const rest = Math.floor(value / 0x80)
  const last = low < 0x40 ? 0 : -1
  return rest === last ? [low] : [low | 0x80, ...signed(rest)]
}
