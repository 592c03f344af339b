import { pendingSettings } from './pending.js'
import { settingNames, settingOf } from './settings.js'
import type { Setting } from './setting.js'
import type { SettingName } from './settings.js'

/** The reference page with its generated parts, each between two marks, written anew. */
export function fillReference(page: string): string {
  const parts = [
    ['settings', settingsTable()],
    ['pending', pendingList()],
  ] as const
  return parts.reduce((text, [name, part]) => {
    const marked = new RegExp(`(<!-- ${name} -->).*?(<!-- /${name} -->)`, 's')
    return text.replace(marked, (_, start: string, end: string) => `${start}\n\n${part}\n\n${end}`)
  }, page)
}

/** A help text without the marks of Markdown, for a terminal. */
export function plainText(help: string): string {
  return help.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
}

/** All settings with their defaults, for `--help`. */
export function settingsHelp(): string {
  return settingNames
    .map((name) => {
      const { help, ...setting } = settingOf(name)
      const file = setting.secret ? ` (or ${name}_FILE)` : ''
      return `  ${name}${file}\n      ${plainText(help)} Default: ${spelled(setting.default)}.`
    })
    .join('\n')
}

function settingsTable(): string {
  const rows = settingNames.map((name) => row(name, settingOf(name)))
  const head = '| environment | file | flag | default | meaning |'
  return [head, '|---|---|---|---|---|', ...rows].join('\n')
}

function pendingList(): string {
  return Object.entries(pendingSettings)
    .map(([name, { harmless }]) => `- \`${name}\`${harmless === false ? ' (`false` is fine)' : ''}`)
    .join('\n')
}

function row(
  name: SettingName,
  { key, flag, help, secret, type, ...rest }: Setting<unknown>,
): string {
  const cells = [
    `\`${name}\`${secret ? `, \`${name}_FILE\`` : ''}`,
    `\`${key}\`${secret ? `, \`${key}File\`` : ''}`,
    flag === undefined ? '–' : `\`--${flag}\``,
    rest.default === undefined ? '–' : `\`${spelled(rest.default)}\``,
    `${help} Give ${type.allowed}.`.replaceAll('|', '\\|'),
  ]
  return `| ${cells.join(' | ')} |`
}

function spelled(value: unknown): string {
  if (value === undefined) return 'none'
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value).replaceAll('"', '')
}
