import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suggestion } from '../domain/nearest.js'
import { rulesJsonSchema } from '../policy/rules/rules-schema.js'
import { CommandError, parseCommandLine } from './command.js'
import type { Command } from './command.js'

const templates = {
  'allow-list': 'Nothing passes but what data.json names: methods, and tools by role',
  bounds: 'Arguments stay inside bounds: numbers in a range, texts of a form',
  rules: 'Rules in YAML for roles, bounds and fields, without Rego and without OPA',
  redact: 'Replies are cleaned: fields removed or masked, patterns replaced',
  starter: 'All three in one: roles, bounds and redaction, open to what is not listed',
} as const

const options = {
  template: {
    type: 'string',
    short: 't',
    value: 'NAME',
    help: `${Object.keys(templates).join(', ')}; by default allow-list`,
  },
} as const

export const policyNew: Command = {
  name: 'policy new',
  summary: 'Begin a policy set from a template',
  synopsis: 'FOLDER [--template NAME]',
  options,
  details: Object.entries(templates)
    .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
    .join('\n'),
  async run(args, { terminal }) {
    const { values, positionals } = parseCommandLine(args, options, ['FOLDER'])
    const [folder = ''] = positionals
    const { template = 'allow-list' } = values
    if (!isTemplate(template)) {
      const hint = suggestion(template, Object.keys(templates))
      throw new CommandError(2, `There is no template ${template}${hint}`)
    }
    await begin(template, folder)
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    terminal.out(`${names.sort().join('\n')}\n`)
    terminal.err(nextSteps(template, folder))
    return 0
  },
}

function isTemplate(name: string): name is keyof typeof templates {
  return Object.hasOwn(templates, name)
}

async function begin(template: keyof typeof templates, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) {
      throw new CommandError(1, `${folder} is not empty: name a folder that is not there yet`)
    }
    await cp(sourceOf(template), folder, { recursive: true })
    if (template === 'rules') await writeFile(join(folder, schemaFile), rulesSchemaText())
  } catch (error) {
    if (error instanceof CommandError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(1, `${folder} cannot be written: ${reason}`)
  }
}

function sourceOf(template: string): string {
  const path = template === 'starter' ? template : `templates/${template}`
  return fileURLToPath(new URL(`../../policies/${path}`, import.meta.url))
}

/** What editors check and complete rules by; a bundle leaves it out. */
const schemaFile = 'rules.schema.json'

function rulesSchemaText(): string {
  return `${JSON.stringify(rulesJsonSchema(), undefined, 2)}\n`
}

function nextSteps(template: keyof typeof templates, folder: string): string {
  const use =
    template === 'rules'
      ? [`  portcullis serve --demo --policy-rules ${folder}`]
      : [
          `  portcullis policy build ${folder} -o bundle.tar.gz`,
          '  portcullis serve --policy-bundle bundle.tar.gz --upstream URL',
        ]
  return ['Next:', `  portcullis policy test ${folder}`, ...use, ''].join('\n')
}
