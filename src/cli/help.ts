import type { Command, Option } from './command.js'

export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'Portcullis: a policy gateway for the Model Context Protocol',
    '',
    'Usage: portcullis COMMAND [OPTIONS]',
    '',
    ...lines,
    '',
    'portcullis COMMAND --help tells more; portcullis --version names the version.',
    'Exit codes: 0 fine, 1 a check failed, 2 usage, 78 bad configuration.',
    '',
  ].join('\n')
}

export function commandHelp({ name, summary, synopsis, options, details }: Command): string {
  const flags = Object.entries(options).map(([flag, option]) => [
    spelled(flag, option),
    option.help,
  ])
  const rows = [...flags, ['-h, --help', 'Show this text']]
  const width = Math.max(...rows.map(([flag = '']) => flag.length))
  return [
    ...wrapped(`Usage: portcullis ${name} ${synopsis}`.trimEnd(), 'Usage: '.length),
    '',
    `${summary}.`,
    '',
    ...rows.flatMap(([flag = '', help = '']) =>
      wrapped(`  ${flag.padEnd(width)}  ${help}`, width + 4),
    ),
    '',
    ...(details === '' ? [] : [...details.split('\n').flatMap((line) => wrapped(line)), '']),
  ].join('\n')
}

/** Lines of at most 100 columns, where words allow it; those after the first begin at `indent`. */
function wrapped(line: string, indent = line.length - line.trimStart().length): readonly string[] {
  if (line.length <= maxColumns) return [line]
  const space = line.lastIndexOf(' ', maxColumns)
  if (space <= indent) return [line]
  const rest = `${' '.repeat(indent)}${line.slice(space + 1)}`
  return [line.slice(0, space), ...wrapped(rest, indent)]
}

const maxColumns = 100

function spelled(flag: string, { short, value }: Option): string {
  const names = short === undefined ? `    --${flag}` : `-${short}, --${flag}`
  return value === undefined ? names : `${names} ${value}`
}
