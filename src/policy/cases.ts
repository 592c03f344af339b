import type { BundleFile } from '../domain/bundle.js'
import type { PolicyCase } from '../domain/policy-case.js'
import { readCaseFile, refuseSameNames } from './case-file.js'
import { caseOf, principalOf } from './case-parts.js'
import { type CaseText, caseFileSchema } from './cases-schema.js'
import { createFindings, type Findings } from './rules/findings.js'

/**
 * The cases of a bundle's `cases/*.yaml`, in the order of the files.
 * @throws PolicySupplyError `check`, with every fault (at most 20), each a line with file, line and column
 */
export function readCases(files: readonly BundleFile[]): readonly PolicyCase[] {
  const findings = createFindings()
  const cases = files.flatMap((file) => readFile(file, findings))
  findings.throwFaults()
  refuseSameNames(cases)
  return cases
}

function readFile(file: BundleFile, findings: Findings): readonly PolicyCase[] {
  const read = readCaseFile(file, caseFileSchema, { mostBytes, content: 'cases', findings })
  if (read === undefined) return []
  return read.value.cases.map((text, at) =>
    toldCase(text, `${file.name}:${read.placeOf(['cases', at]).line}`),
  )
}

const mostBytes = 1024 * 1024

function toldCase({ user, call, hook, ...others }: CaseText, place: string): PolicyCase {
  return caseOf({
    ...others,
    place,
    hook,
    user: principalOf(user, 'jwt'),
    call:
      call.method === undefined
        ? { method: 'tools/call', params: { name: call.tool, arguments: call.args ?? {} } }
        : { method: call.method, params: call.params ?? {} },
  })
}
