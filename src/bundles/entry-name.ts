import { PolicySupplyError } from '../domain/errors.js'

/**
 * The name of an archive's entry in one form: `/x`, `./x` and `x` are all `x`; a folder has no slash at
 * its end and the top folder is ''. Nothing is ever written to disk under it, but a name that two
 * readers could take for different files is refused.
 * @throws PolicySupplyError `archive`
 */
export function entryName(raw: string): string {
  // U+FFFD stands where the name was not UTF-8.
  if (/[\p{Cc}\\\uFFFD]/u.test(raw)) {
    throw refuse(raw, 'has a control character, a backslash or a byte that is not UTF-8 in it')
  }
  const name = raw.replace(/^(?:\.?\/)?/, '').replace(/\/$/, '')
  if (name === '' || name === '.') return ''
  if (Buffer.byteLength(name) > maxNameBytes) {
    throw refuse(raw, `is longer than ${maxNameBytes} bytes`)
  }
  const steps = name.split('/')
  if (steps.includes('..')) throw refuse(raw, 'leads out of the bundle with ".."')
  if (steps.some((step) => step === '' || step === '.')) {
    throw refuse(raw, 'has an empty or "." step in it')
  }
  return name
}

function refuse(raw: string, what: string): PolicySupplyError {
  const shown = JSON.stringify(raw.length > 80 ? `${raw.slice(0, 80)}…` : raw)
  return new PolicySupplyError('archive', `The bundle's entry ${shown} ${what}`)
}

const maxNameBytes = 1024
