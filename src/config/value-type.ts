import { z } from 'zod'

/** One kind of value that a setting can have. */
export interface ValueType<T> {
  /** What is allowed, worded to follow "give". */
  readonly allowed: string
  /** What the config file may hold, and what `fromText` has to give. */
  readonly schema: z.ZodType<T>
  /** A text of the environment or of a flag, as the schema wants it. */
  readonly fromText: (text: string) => unknown
}

export function wholeNumber(minimum: number, maximum: number): ValueType<number> {
  return {
    allowed: `a whole number from ${minimum} to ${maximum}`,
    schema: z.int().min(minimum).max(maximum),
    fromText: (text) => (/^[0-9]{1,16}$/.test(text) ? Number(text) : text),
  }
}

/** A part of a whole. */
export const share: ValueType<number> = {
  allowed: 'a number from 0 to 1',
  schema: z.number().min(0).max(1),
  fromText: (text) => (/^(?:[01]|[01]?\.[0-9]{1,15})$/.test(text) ? Number(text) : text),
}

export function choice<const T extends string>(...choices: readonly [T, ...T[]]): ValueType<T> {
  return {
    allowed: choices.length === 1 ? choices[0] : `one of ${choices.join(', ')}`,
    schema: z.enum(choices),
    fromText: (text) => text,
  }
}

export const yesOrNo: ValueType<boolean> = {
  allowed: 'true or false (in the environment also 1, 0, yes, no, on, off)',
  schema: z.boolean(),
  fromText: (text) => spelledBooleans[text.toLowerCase()] ?? text,
}

const spelledBooleans: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  yes: true,
  on: true,
  false: false,
  '0': false,
  no: false,
  off: false,
}

/** A text that `isAllowed` accepts; the pattern, where there is one, also goes into the published schema. */
export function text(
  allowed: string,
  { pattern, isAllowed }: { pattern?: RegExp; isAllowed?: (value: string) => boolean } = {},
): ValueType<string> {
  const shape = pattern === undefined ? z.string().min(1) : z.string().regex(pattern)
  return {
    allowed,
    schema: isAllowed === undefined ? shape : shape.refine(isAllowed),
    fromText: (value) => value,
  }
}

/** A YAML sequence in the file; separated by commas in the environment and in flags. */
export function listOf<T>(item: ValueType<T>): ValueType<readonly T[]> {
  return {
    allowed: `a list (in the environment separated by commas), each item ${item.allowed}`,
    schema: z.array(item.schema).min(1),
    fromText: (value) => value.split(',').map((part) => item.fromText(part.trim())),
  }
}

/** The word, or else a list that is not empty. */
export function wordOrList<const W extends string>(
  word: W,
  list: ValueType<readonly string[]>,
): ValueType<W | readonly string[]> {
  return {
    allowed: `"${word}", or ${list.allowed}`,
    schema: z.union([z.literal(word), list.schema]),
    fromText: (value) => (value === word ? word : list.fromText(value)),
  }
}
