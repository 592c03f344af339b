import { z } from 'zod'
import { settingNames, settingOf } from './settings.js'
import type { Setting } from './setting.js'

/** The JSON Schema (draft 2020-12) of the config file. */
export function configFileSchema(): Readonly<Record<string, unknown>> {
  const root: Branch = new Map()
  for (const name of settingNames) {
    const setting = settingOf(name)
    plant(root, setting.key.split('.'), leafOf(setting))
    if (setting.secret) plant(root, `${setting.key}File`.split('.'), secretFile(setting))
  }
  const schema = asObject(root).meta({ title: 'Configuration of Portcullis' })
  return z.toJSONSchema(schema, { io: 'input' })
}

type Branch = Map<string, Branch | z.ZodType>

function plant(branch: Branch, [first = '', ...rest]: readonly string[], leaf: z.ZodType): void {
  if (rest.length === 0) {
    branch.set(first, leaf)
    return
  }
  const inner = branch.get(first)
  const next = inner instanceof Map ? inner : new Map<string, Branch | z.ZodType>()
  branch.set(first, next)
  plant(next, rest, leaf)
}

function leafOf({ type, help, ...setting }: Setting<unknown>): z.ZodType {
  const preset = setting.default === undefined ? {} : { default: setting.default }
  return type.schema.meta({ description: help, ...preset }).optional()
}

function secretFile({ help }: Setting<unknown>): z.ZodType {
  return z
    .string()
    .min(1)
    .meta({ description: `Path of a file that holds it. ${help}` })
    .optional()
}

function asObject(branch: Branch): z.ZodType {
  const shape: Record<string, z.ZodType> = {}
  for (const [name, inner] of branch) {
    shape[name] = inner instanceof Map ? asObject(inner).optional() : inner
  }
  return z.strictObject(shape)
}
