import type { BundleFile } from '../../domain/bundle.js'
import { type Place, readYaml, type YamlFault, type YamlValue } from '../yaml-document.js'
import { textOf } from './file-text.js'
import type { Findings } from './findings.js'

export interface DocumentTerms {
  readonly mostBytes: number
  /** What the file is to have, for who left it empty. */
  readonly content: 'rules' | 'cases'
  readonly findings: Findings
}

/** The YAML of a file; undefined where there is none, which then was reported. */
export function documentOf(file: BundleFile, terms: DocumentTerms): YamlValue | undefined {
  const { mostBytes, content, findings } = terms
  const text = textOf(file, mostBytes, findings)
  if (text === undefined) return undefined
  const document = readYaml(text)
  const fault = (message: string, { line, column }: Place) => {
    findings.fault({ file: file.name, line, column }, message)
  }
  if (document.type === 'faults') {
    for (const each of document.faults) fault(yamlMessage(each), each)
    return undefined
  }
  for (const place of document.inexactNumbers) {
    fault('a number of this size would not stay exact: write a smaller one, or a text', place)
  }
  if (document.value !== undefined && document.value !== null) return document
  fault(`the file is empty: write ${content}, or remove it`, { line: 1, column: 1 })
  return undefined
}

function yamlMessage({ code, words }: YamlFault): string {
  const [, said] = missingThings.find(([beginning]) => words.startsWith(beginning)) ?? []
  return said ?? yamlMessages[code] ?? `is no YAML (${code.toLowerCase().replaceAll('_', ' ')})`
}

const missingThings = [
  ['Missing closing', 'is no YAML: a quote is not closed'],
  ['Implicit map keys', 'is no YAML: a key needs a colon and a blank behind it'],
  ['Implicit keys need', 'is no YAML: a key needs a colon and a blank behind it'],
  ['Sequence item without', 'is no YAML: the line has to begin where the one before it begins'],
] as const

const yamlMessages: Readonly<Record<string, string | undefined>> = {
  DUPLICATE_KEY: 'the key stands twice: keep one',
  MULTIPLE_DOCS: 'a second document (---) begins: give it a file of its own',
  TAB_AS_INDENT: 'a tab indents: use blanks',
  TOO_MANY_ALIASES: 'the aliases (*name) stand for too much: write it out',
  // What conditions and matchers that lack their quotes are taken for.
  BAD_ALIAS: 'a text that begins with * needs quotes; an alias needs an anchor (&name) before it',
  TAG_RESOLVE_FAILED: 'a text that begins with ! needs quotes',
  BAD_SCALAR_START: 'a text that begins with this character needs quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a text with a colon and a blank in it needs quotes; if it is none, check the indentation',
  MISSING_CHAR: 'is no YAML: a blank, a comma or a colon is missing',
  BAD_INDENT: 'is no YAML: check the indentation, and that brackets are closed',
  UNEXPECTED_TOKEN: 'is no YAML: something stands behind the end of a value; quote the whole of it',
}
