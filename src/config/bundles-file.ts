import { dirname, isAbsolute, join } from 'node:path'
import type { BundleConfig } from './config.js'
import { readBundle, type BundleDefaults } from './bundle-entry.js'
import { isContent } from './content.js'
import { readDocument } from './document.js'
import type { Environment } from './environment.js'
import type { ReadFile } from './given.js'
import { suggestion } from '../domain/nearest.js'

export interface BundleSet {
  readonly bundles: readonly BundleConfig[]
  /** Variables of the environment that hold tokens. */
  readonly secretVariables: readonly string[]
  readonly faults: readonly string[]
}

/** What a bundle takes from elsewhere: the settings beside it, files, and the environment for its token. */
export interface BundleSurroundings {
  readonly defaults: BundleDefaults
  readonly env: Environment
  readonly readFile: ReadFile
}

/** Reads the bundles of `POLICY_BUNDLES_FILE`, YAML or JSON: every fault at once, none of which shows a secret. */
export function readBundles(path: string, around: BundleSurroundings): BundleSet {
  const file = `The file of bundles ${path}`
  const read = readDocument(file, path, around.readFile)
  if ('faults' in read) return broken(read.faults)
  const { bundles, ...others } = read.content ?? {}
  const surplus = Object.keys(others).map(
    (key) => `${file} has ${key}, which is not read here: remove it${suggestion(key, ['bundles'])}`,
  )
  if (!isContent(bundles) || Object.keys(bundles).length === 0) {
    return broken([...surplus, `${file} has no bundles: ${example}`])
  }
  const each = Object.entries(bundles).map(([name, given]) => {
    const place = `${file}, bundle ${JSON.stringify(name)}`
    return readNamed(name, given, { ...around, place, beside: besideFile(path) })
  })
  return {
    bundles: each.flatMap(({ bundle }) => bundle ?? []),
    secretVariables: each.flatMap(({ secretVariable }) => secretVariable ?? []),
    faults: [...surplus, ...each.flatMap(({ faults }) => faults)],
  }
}

const example = 'give {"bundles": {"NAME": {"path": …} or {"url": …}}}'

function readNamed(name: string, given: unknown, around: Parameters<typeof readBundle>[2]) {
  const read = readBundle(name, given, around)
  if (bundleName.test(name) && name !== candidateName) return read
  const fault = `${around.place}: this cannot be the name of a bundle: use lower-case letters, digits, "-" and "_", a letter or digit first, at most 64, and not "${candidateName}"`
  return { ...read, faults: [fault, ...read.faults] }
}

/** It stands in metrics, and in the names of files that are kept. */
const bundleName = /^[a-z0-9][a-z0-9_-]{0,63}$/

/** The name of the bundle that only watches. */
export const candidateName = 'candidate'

function besideFile(path: string): (other: string) => string {
  return (other) => (isAbsolute(other) ? other : join(dirname(path), other))
}

function broken(faults: readonly string[]): BundleSet {
  return { bundles: [], secretVariables: [], faults }
}
