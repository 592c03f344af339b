import { settingNames, settingOf } from './settings.js'
import type { Given, Source } from './given.js'
import type { SettingName } from './settings.js'

/** Flags of the command line by their names without dashes, as they were given. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

export function fromFlags(flags: Flags): Source {
  const given = new Map<SettingName, Given>()
  for (const name of settingNames) {
    const { flag, type } = settingOf(name)
    const text = flag === undefined ? undefined : flags[flag]
    if (flag !== undefined && typeof text === 'string') {
      given.set(name, { type: 'value', value: type.fromText(text), origin: `--${flag}` })
    }
  }
  return { given, faults: [] }
}
