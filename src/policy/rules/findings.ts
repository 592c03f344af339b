import { PolicySupplyError } from '../../domain/errors.js'
import type { Place, YamlValue } from '../yaml-document.js'
import type { RuleWarning } from './read-rules.js'

/** What reading rules brings to light: faults, which refuse all of them, and warnings, which do not. */
export interface Findings {
  fault(place: FilePlace, message: string): void
  warn(place: FilePlace, message: string): void
  /** @throws PolicySupplyError `check`, where there are faults: a line for each */
  throwFaults(): void
  readonly warnings: readonly RuleWarning[]
}

export interface FilePlace extends Place {
  readonly file: string
}

/** The findings at one part of a file, such as a rule. Paths count from there; messages begin with them. */
export interface Reporter {
  fault(path: Path, message: string): void
  /** `offset`: UTF-16 units into the text at `path`. */
  faultInText(path: Path, offset: number, message: string): void
  warn(path: Path, message: string): void
  placeOf(path: Path): FilePlace
  within(path: Path): Reporter
}

export type Path = readonly PropertyKey[]

export function createFindings(): Findings {
  const faults: Finding[] = []
  const warnings: Finding[] = []
  return {
    fault(place, message) {
      faults.push({ place, message })
    },
    warn: (place, message) => {
      warnings.push({ place, message })
    },
    throwFaults() {
      if (faults.length === 0) return
      const lines = inOrder(faults).map(({ place, message }) => `${shown(place)}: ${message}`)
      const more = lines.length - mostFaults
      const told = lines.slice(0, mostFaults)
      if (more > 0) told.push(`and ${more} more`)
      throw new PolicySupplyError('check', told.join('\n'))
    },
    get warnings() {
      return inOrder(warnings).map(({ place, message }) => ({ place: shown(place), message }))
    },
  }
}

export function createReporter(
  findings: Findings,
  file: { readonly name: string; readonly document: YamlValue },
  base: Path = [],
): Reporter {
  const { name, document } = file
  const placeOf = (path: Path) => ({ file: name, ...document.placeOf([...base, ...path]) })
  const named = (path: Path, message: string) => {
    const all = [...base, ...path].map(String).join('.')
    return all === '' ? message : `${all}: ${message}`
  }
  return {
    placeOf,
    fault: (path, message) => {
      findings.fault(placeOf(path), named(path, message))
    },
    faultInText: (path, offset, message) => {
      const place = document.placeInText([...base, ...path], offset)
      findings.fault({ file: name, ...place }, named(path, message))
    },
    warn: (path, message) => {
      findings.warn(placeOf(path), named(path, message))
    },
    within: (path) => createReporter(findings, file, [...base, ...path]),
  }
}

/** `rules/hr.yaml:12:5` */
export function shown({ file, line, column }: FilePlace): string {
  return `${file}:${line}:${column}`
}

interface Finding {
  readonly place: FilePlace
  readonly message: string
}

const mostFaults = 20

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(
    ({ place: left }, { place: right }) =>
      Number(left.file > right.file) - Number(left.file < right.file) ||
      left.line - right.line ||
      left.column - right.column,
  )
}
