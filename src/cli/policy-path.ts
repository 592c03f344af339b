import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openBundle } from '../bundles/open-bundle.js'
import { createRulesSource } from '../bundles/rules-source.js'
import type { Bundle } from '../domain/bundle.js'
import { isFolder, maxBytes, openArchive, readBundleFile } from './bundle-file.js'
import { CommandError } from './command.js'
import { buildSet } from './policy-set.js'

/** A policy as authors name it on the command line. */
export interface NamedPolicy {
  readonly bundle: Bundle
  /** The folder of its Rego and the opa that reads it; undefined where there are no sources, or nothing but rules. */
  readonly rego: RegoSources | undefined
}

export interface RegoSources {
  readonly set: string
  readonly opa: string
}

/**
 * Opens a bundle file, a policy set (which is built first), a rules file, or a folder of rules. Only Rego needs opa.
 * @throws PolicySupplyError
 * @throws CommandError 1
 */
export async function openPolicyPath(path: string, opa = 'opa'): Promise<NamedPolicy> {
  if (!(await isFolder(path))) {
    const bundle = isRulesFile(path) ? await openRules(path) : await readBundleFile(path)
    return { bundle, rego: undefined }
  }
  const names = await namesIn(path)
  if (!names.some(isOfSet)) return { bundle: await openRules(path), rego: undefined }
  const bundle = await openArchive(await buildSet(path, { opa }))
  return { bundle, rego: await regoSourcesIn(path, opa) }
}

/** Undefined for a set without Rego. @throws CommandError 1 */
export async function regoSourcesIn(set: string, opa = 'opa'): Promise<RegoSources | undefined> {
  const names = await namesIn(set)
  return names.some((name) => name.endsWith('.rego')) ? { set, opa } : undefined
}

export function isRulesFile(path: string): boolean {
  return /\.ya?ml$/i.test(path)
}

/** What is in a policy set and never in a folder of nothing but rules. */
function isOfSet(name: string): boolean {
  return name.endsWith('.rego') || /(?:^|\/)(?:\.manifest|data\.(?:json|ya?ml))$/.test(name)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder, { recursive: true }).catch(() => {
    throw new CommandError(1, `The folder ${folder} cannot be read`)
  })
}

async function openRules(path: string): Promise<Bundle> {
  const source = createRulesSource({ path: resolve(path), maxBytes })
  try {
    const fetched = await source.fetch(AbortSignal.timeout(longestReadMs))
    if (fetched.type === 'unchanged') throw new TypeError('Nothing was fetched before')
    const terms = { maxBytes, sha256: undefined, keys: [], requireSignature: false, now: 0 }
    return await openBundle(fetched.bytes, { ...terms, layout: 'rules' })
  } finally {
    await source.close()
  }
}

const longestReadMs = 30_000
