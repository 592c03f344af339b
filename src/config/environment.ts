import { bothForms, readSecret, secretNames } from './given.js'
import { distanceTo, suggestion } from '../domain/nearest.js'
import { pendingFault, pendingSettings } from './pending.js'
import { isSettingName, settingNames, settingOf } from './settings.js'
import type { Given, ReadFile, Source } from './given.js'
import type { SettingName } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads our variables, and finds those that were meant to be ours. */
export function fromEnvironment(env: Environment, readFile: ReadFile): Source {
  const given = new Map<SettingName, Given>()
  const faults: string[] = []
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || isServiceLink(name, value)) continue
    if (isSettingName(name)) {
      given.set(name, { type: 'value', value: settingOf(name).type.fromText(value), origin: name })
    } else {
      faults.push(...faultsOfOther(name, value))
    }
  }
  for (const name of secretNames) faults.push(...takeSecretFile(name, env, readFile, given))
  return { given, faults }
}

/** Kubernetes tells each pod of each service in such variables; a service may well be called `portcullis`. */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/.test(name)) return true
  if (/_PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)
}

function faultsOfOther(name: string, value: string): string[] {
  if (knownBesideSettings.includes(name)) return []
  if (Object.hasOwn(pendingSettings, name)) {
    const { harmless } = pendingSettings[name] ?? {}
    const isHarmless = harmless === false && /^(?:false|0|no|off)$/i.test(value)
    return isHarmless ? [] : [pendingFault(name)]
  }
  if (!looksLikeOurs(name)) return []
  return [`${name}: there is no such setting${suggestion(name, environmentNames)}`]
}

const knownBesideSettings = [
  'PORTCULLIS_CONFIG',
  ...secretNames.map((name) => `${name}_FILE`),
] as const
const environmentNames = [...settingNames, ...knownBesideSettings, ...Object.keys(pendingSettings)]

function looksLikeOurs(name: string): boolean {
  const upper = name.toUpperCase()
  if (ourPrefixes.some((prefix) => upper.startsWith(prefix))) return true
  if (upper.includes('POLICY_ENGINE') || (/^EX/.test(upper) && upper.includes('POLICY')))
    return true
  return settingNames.some((known) => known.length >= 12 && distanceTo(upper, known) <= 2)
}

const ourPrefixes = [
  'POLICY_',
  'AUTH_',
  'UPSTREAM_',
  'UPSTREAMS_',
  'DECISION_LOG_',
  'OPS_',
  'ALLOWED_',
  'TRUSTED_',
  'PORTCULLIS_',
]

function takeSecretFile(
  name: SettingName,
  env: Environment,
  readFile: ReadFile,
  given: Map<SettingName, Given>,
): string[] {
  const origin = `${name}_FILE`
  const path = env[origin]
  if (path === undefined) return []
  if (given.has(name)) return [bothForms(name, origin)]
  const read = readSecret(origin, path, readFile)
  given.set(name, read.given)
  return [...read.faults]
}
