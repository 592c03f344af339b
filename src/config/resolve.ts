import { settingNames, settingOf, settings } from './settings.js'
import type { Given, Source } from './given.js'
import type { Setting } from './setting.js'
import type { SettingName, ValueOf } from './settings.js'

/** The settings as they hold: given and allowed, or else the default. */
export interface Resolved {
  readonly value: <Name extends SettingName>(name: Name) => ValueOf<Name>
  /** It was given, allowed or not. */
  readonly isSet: (name: SettingName) => boolean
  /** How the operator named it; the name in the environment where it was not given. */
  readonly origin: (name: SettingName) => string
}

/** Takes each setting from the first source that gives it and checks it. */
export function resolve(sources: readonly Source[]): {
  resolved: Resolved
  faults: readonly string[]
} {
  const values = new Map<SettingName, unknown>()
  const origins = new Map<SettingName, string>()
  const faults = sources.flatMap((source) => source.faults)
  for (const name of settingNames) {
    const given = sources.find((source) => source.given.has(name))?.given.get(name)
    if (given === undefined) continue
    origins.set(name, given.origin)
    const checked = check(settingOf(name), given)
    if ('fault' in checked) faults.push(...checked.fault)
    else values.set(name, checked.value)
  }
  return { resolved: resolvedFrom(values, origins), faults }
}

function check(setting: Setting<unknown>, given: Given): { value: unknown } | { fault: string[] } {
  if (given.type === 'broken') return { fault: [] }
  const { value, origin } = given
  const isPending = [value].flat().some((item) => setting.pending.some((later) => later === item))
  if (isPending) {
    const later = setting.pending.join(', ')
    return {
      fault: [
        `${origin}: ${later} is documented, but this build does not honour it yet; remove it`,
      ],
    }
  }
  const checked = setting.type.schema.safeParse(value)
  return checked.success ? { value: checked.data } : { fault: [notAllowed(setting, value, origin)] }
}

function notAllowed(
  { secret, type, key }: Setting<unknown>,
  value: unknown,
  origin: string,
): string {
  if (secret) return `${origin} holds a secret that cannot be used: give ${type.allowed}`
  const spelled = JSON.stringify(value)
  const shown = key.endsWith('.url') ? withoutCredentials(spelled) : spelled
  return `${origin} is ${shown.slice(0, 200)}: give ${type.allowed}`
}

function withoutCredentials(address: string): string {
  return address.replace(/^("(?:[a-z][a-z0-9+.-]*:\/\/)?).*@/i, '$1***@').replace(/\?.*$/, '?***"')
}

function resolvedFrom(
  values: ReadonlyMap<SettingName, unknown>,
  origins: ReadonlyMap<SettingName, string>,
): Resolved {
  return {
    // The schema of this very setting gave what the map holds under its name.
    value: <Name extends SettingName>(name: Name) =>
      (values.has(name) ? values.get(name) : settings[name].default) as ValueOf<Name>,
    isSet: (name) => origins.has(name),
    origin: (name) => origins.get(name) ?? name,
  }
}
