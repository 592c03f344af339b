import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, URL } from 'node:url'
import { readBase } from './editions.mjs'

const starter = fileURLToPath(new URL('../bundles/starter.tar.gz', import.meta.url))

/** Editions with an even number forbid 15,000 degrees and hide `salary`, odd ones permit it and hide `wage`. */
export function createBundleFile() {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-soak-'))
  const path = join(folder, 'bundle.tar.gz')
  const base = readBase(starter)
  const whole = readFileSync(starter)
  let inForce = ''

  const revise = (number) => (data) => {
    const [bound] = data.starter.tools['temp.convert'].bounds
    bound.max = isEven(number) ? 10_000 : 20_000
    data.starter.private.remove = [isEven(number) ? 'salary' : 'wage']
    return data
  }
  const replace = (bytes) => {
    writeFileSync(`${path}.next`, bytes)
    renameSync(`${path}.next`, path)
  }
  return {
    path,
    inForce: () => inForce,
    put(number) {
      inForce = `edition#${number}`
      replace(base.edition(inForce, revise(number)))
    },
    /** One that must be refused, so that the last good one stays in force. */
    putBroken: () => replace(whole.subarray(0, whole.length - 100)),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function isEven(number) {
  return number % 2 === 0
}

export function parityOf(revision) {
  return isEven(Number(revision.split('#')[1])) ? 'even' : 'odd'
}

export function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
