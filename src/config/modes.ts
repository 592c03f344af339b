import type { Resolved } from './resolve.js'
import type { PolicyConfig } from './config.js'
import type { SettingName } from './settings.js'

export interface Stance {
  readonly mode: PolicyConfig['mode']
  readonly failMode: PolicyConfig['failMode']
  /** Settings that were overruled, in words for the operator. */
  readonly notices: readonly string[]
}

/** Off wins over everything, then the mode, then the switches; with nothing set policy only watches. */
export function stanceOf(resolved: Resolved): Stance {
  const off = switches.find((name) => resolved.value(name) === false)
  if (off !== undefined) return switchedOff(off, resolved)
  const mode = resolved.value('POLICY_MODE')
  const failMode = resolved.value('POLICY_FAIL_MODE')
  if (mode !== undefined) {
    const usual = mode === 'enforce' ? 'closed' : 'open'
    return { mode, failMode: failMode ?? usual, notices: overruledSwitches(resolved) }
  }
  const isOn = switches.some((name) => resolved.value(name) === true)
  return { mode: isOn ? 'enforce' : 'audit-only', failMode: failMode ?? 'open', notices: [] }
}

const switches = ['EXPERIMENTAL_POLICY_ENGINE', 'POLICY_ENABLED'] as const

function switchedOff(off: SettingName, resolved: Resolved): Stance {
  const overruled = [
    ...switches.filter((name) => resolved.value(name) === true),
    ...(['off', undefined].includes(resolved.value('POLICY_MODE')) ? [] : ['POLICY_MODE' as const]),
    ...(resolved.isSet('POLICY_FAIL_MODE') ? ['POLICY_FAIL_MODE' as const] : []),
  ]
  return {
    mode: 'off',
    failMode: 'open',
    notices: overruled.map(
      (name) =>
        `${resolved.origin(off)}=false turns policy off and overrules ${assignment(name, resolved)}`,
    ),
  }
}

function overruledSwitches(resolved: Resolved): string[] {
  const mode = resolved.value('POLICY_MODE')
  if (mode === 'enforce') return []
  return switches
    .filter((name) => resolved.value(name) === true)
    .map(
      (name) =>
        `${assignment('POLICY_MODE', resolved)} overrules ${assignment(name, resolved)}: nothing is blocked`,
    )
}

function assignment(name: SettingName, resolved: Resolved): string {
  return `${resolved.origin(name)}=${String(resolved.value(name))}`
}
