import type { z } from 'zod'
import type { BundleFile } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import type { JsonObject, JsonValue } from '../domain/json.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { anonymous, type Principal } from '../domain/principal.js'
import { type CaseText, caseFileSchema } from './cases-schema.js'
import { readYaml, type YamlValue } from './yaml-document.js'

/**
 * The cases of a bundle's `cases/*.yaml`, in the order of the files.
 * @throws PolicySupplyError `check`, with file, line and column of the first fault
 */
export function readCases(files: readonly BundleFile[]): readonly PolicyCase[] {
  const cases = files.flatMap(readFile)
  const places = new Map<string, string>()
  for (const { name, place } of cases) {
    const first = places.get(name)
    if (first !== undefined) throw refuse(place, `the name "${name}" is taken by ${first}`)
    places.set(name, place)
  }
  return cases
}

function readFile({ name, text }: BundleFile): readonly PolicyCase[] {
  const document = readYaml(decode(name, text))
  if (document.type === 'faults') {
    const [fault] = document.faults
    const what =
      fault?.code === 'DUPLICATE_KEY' ? 'a key stands twice' : `no YAML: ${fault?.code ?? ''}`
    throw refuse(`${name}:${fault?.line ?? 1}:${fault?.column ?? 1}`, what)
  }
  const [inexact] = document.inexactNumbers
  if (inexact !== undefined) {
    throw refuse(
      `${name}:${inexact.line}:${inexact.column}`,
      'a number of this size would not stay exact: write a smaller one, or a text',
    )
  }
  const parsed = caseFileSchema.safeParse(document.value)
  if (!parsed.success) throw wrongValue(name, document, parsed.error)
  return parsed.data.cases.map((each, index) =>
    caseOf(each, `${name}:${document.placeOf(['cases', index]).line}`),
  )
}

function decode(name: string, text: Buffer): string {
  if (text.length > maxBytes) {
    throw refuse(name, `the file has ${text.length} bytes, over the limit of ${maxBytes}: split it`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch {
    throw refuse(name, 'the file is not UTF-8')
  }
}

function wrongValue(name: string, document: YamlValue, error: z.ZodError): PolicySupplyError {
  // A misspelt key is a missing one too: the key that is there says more.
  const misspelt = error.issues.find(({ code }) => code === 'unrecognized_keys')
  const issue = misspelt ?? error.issues[0]
  if (issue === undefined) return refuse(name, 'the file cannot be read')
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...issue.path, ...unknown]
  const { line, column } = document.placeOf(path)
  const what = unknown.length > 0 ? 'there is no such key' : issue.message
  return refuse(`${name}:${line}:${column}`, `${path.map(String).join('.') || 'the file'}: ${what}`)
}

function caseOf(text: CaseText, place: string): PolicyCase {
  const { name, call, response, expect } = text
  const { rules, reason, code, effect, patched_args: patchedArgs } = expect
  return {
    name,
    place,
    hook: text.hook ?? (response === undefined ? 'pre' : 'post'),
    user: principalOf(text.user),
    server: text.server,
    method: call.method ?? 'tools/call',
    params: JSON.stringify(
      call.tool === undefined
        ? (call.params ?? {})
        : { name: call.tool, arguments: call.args ?? {} },
    ),
    response: responseOf(response as JsonObject | undefined),
    headers: Object.fromEntries(
      Object.entries(text.headers).map(([header, value]) => [header.toLowerCase(), value]),
    ),
    time: Date.parse(text.time),
    expect: {
      ...{ effect, code, reason, rules },
      patchedArgs: patchedArgs as JsonValue | undefined,
      resultContains: expect.result_contains,
      resultNotContains: expect.result_not_contains,
    },
  }
}

/** Whoever has an id was verified; what is not known of a principal is a claim. */
function principalOf(user: CaseText['user']): Principal {
  if (user === undefined) return anonymous
  const { id, roles, teams, claims, ...others } = user
  const allClaims = { ...claims, ...others } as JsonObject
  return { id, roles, teams, claims: allClaims, authenticated: true, via: 'jwt' }
}

function responseOf(response: JsonObject | undefined): PolicyCase['response'] {
  if (response === undefined) return undefined
  const { error } = response
  const isError = error !== undefined && Object.keys(response).length === 1
  return { text: JSON.stringify(isError ? error : response), isError }
}

function refuse(place: string, what: string): PolicySupplyError {
  return new PolicySupplyError('check', `${place}: ${what}`)
}

const maxBytes = 1024 * 1024
