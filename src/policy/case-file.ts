import type { z } from 'zod'
import type { BundleFile } from '../domain/bundle.js'
import { PolicySupplyError } from '../domain/errors.js'
import { documentOf, type DocumentTerms } from './rules/file-document.js'
import { createReporter } from './rules/findings.js'
import { readBy } from './rules/schema-faults.js'
import type { Place } from './yaml-document.js'

export interface CaseFile<T> {
  readonly value: T
  /** Where the value at the end of the path stands. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place
}

/** A file that tells of cases; undefined where it cannot be read, which then was reported. */
export function readCaseFile<T>(
  file: BundleFile,
  schema: z.ZodType<T>,
  terms: DocumentTerms,
): CaseFile<T> | undefined {
  const document = documentOf(file, terms)
  if (document === undefined) return undefined
  const reporter = createReporter(terms.findings, { name: file.name, document })
  const value = readBy(schema, document.value, reporter)
  return value === undefined ? undefined : { value, placeOf: (path) => document.placeOf(path) }
}

/** @throws PolicySupplyError where two have the same name */
export function refuseSameNames(
  cases: readonly { readonly name: string; readonly place: string }[],
): void {
  const places = new Map<string, string>()
  for (const { name, place } of cases) {
    const first = places.get(name)
    if (first !== undefined) throw refuseCase(place, `the name "${name}" is taken by ${first}`)
    places.set(name, place)
  }
}

export function refuseCase(place: string, what: string): PolicySupplyError {
  return new PolicySupplyError('check', `${place}: ${what}`)
}
