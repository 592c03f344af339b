import type { BundleFile } from '../../domain/bundle.js'
import type { Findings } from './findings.js'

/** The text of a file of at most so many bytes; undefined where it is none, which then was reported. */
export function textOf(
  { name, text }: BundleFile,
  mostBytes: number,
  findings: Findings,
): string | undefined {
  const start = { file: name, line: 1, column: 1 }
  if (text.length > mostBytes) {
    const size = `${text.length} bytes, over the limit of ${mostBytes}`
    findings.fault(start, `the file has ${size}: split it`)
    return undefined
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text)
  } catch {
    findings.fault(start, 'the file is not UTF-8: save it as such')
    return undefined
  }
}
