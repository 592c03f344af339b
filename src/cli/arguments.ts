import { CommandError } from './command.js'
import type { JsonObject, JsonValue } from '../domain/json.js'

/**
 * Makes a tool's arguments of `name=value` (JSON where it is JSON, else a text) and `name:=json`.
 * @throws CommandError 2
 */
export function toolArguments(params: readonly string[]): JsonObject {
  const args = new Map<string, JsonValue>()
  for (const param of params) {
    const [, name = '', sign = '', value = ''] = /^([^=]+?)(:?=)(.*)$/s.exec(param) ?? []
    if (name === '') {
      throw new CommandError(2, `--param ${param} has no name; write it as name=value`)
    }
    if (args.has(name)) throw new CommandError(2, `--param ${name} is there twice; keep one`)
    args.set(name, sign === ':=' ? strictValue(name, value) : looseValue(name, value))
  }
  return Object.fromEntries(args)
}

function looseValue(name: string, text: string): JsonValue {
  try {
    return exact(name, text)
  } catch (error) {
    if (error instanceof CommandError) throw error
    return text
  }
}

function strictValue(name: string, text: string): JsonValue {
  try {
    return exact(name, text)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(
      2,
      `--param ${name}:= has to be followed by JSON; for a text write ${name}=`,
    )
  }
}

function exact(name: string, text: string): JsonValue {
  const value = JSON.parse(text) as JsonValue
  const isInexact =
    typeof value === 'number' &&
    (!Number.isFinite(value) || (/^-?[0-9]+$/.test(text) && !Number.isSafeInteger(value)))
  if (!isInexact) return value
  throw new CommandError(
    2,
    `--param ${name}: this client cannot send ${text} exactly; send it as a text, ${name}:='"${text}"'`,
  )
}
