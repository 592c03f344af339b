import { PolicySupplyError } from '../domain/errors.js'
import type { Span } from '../domain/json.js'
import type { Shape } from '../domain/message.js'
import { JsonFault, scanJson } from '../wire/json-text.js'
import { isInside } from './manifest.js'

/** A `data.json` of a bundle: its folder is the path of its value. */
export interface DataFile {
  readonly folder: readonly string[]
  readonly text: Buffer
}

/**
 * Puts the data files together, each at its folder's path, into the text of one document. Values are
 * copied as they are spelled, so that numbers beyond a double stay exact. Objects of several files
 * merge; everything else that two files give is refused.
 * @throws PolicySupplyError `check`
 */
export function mergeData(files: readonly DataFile[], roots: readonly string[]): Buffer {
  const trees = files.map((file) => {
    const value = readTree(file)
    checkRoots(value, file.folder, roots)
    return file.folder.reduceRight<Tree>(
      (inner, key) => ({ type: 'object', members: new Map([[key, inner]]) }),
      value,
    )
  })
  if (trees.length === 0) return Buffer.from('{}')
  return Buffer.from(print(trees.reduce((whole, tree) => merge(whole, tree, []))))
}

/** A value as text, or an object taken apart only as far as merging needed. */
type Tree =
  | { readonly type: 'text'; readonly shape: Shape; readonly text: Buffer }
  | { readonly type: 'object'; readonly members: ReadonlyMap<string, Tree> }

function readTree({ folder, text }: DataFile): Tree {
  const name = [...folder, 'data.json'].join('/')
  try {
    const { shape, wellFormed } = scanJson(text)
    if (!wellFormed) throw refuse(`${name} has half of a surrogate pair in a string`)
    if (folder.length === 0 && shape !== 'object') {
      throw refuse('the data.json at the top must be an object')
    }
    return { type: 'text', shape, text }
  } catch (thrown) {
    if (thrown instanceof JsonFault) throw refuse(`${name}: ${thrown.message}`)
    throw thrown
  }
}

function checkRoots(value: Tree, path: readonly string[], roots: readonly string[]): void {
  const name = path.join('/')
  if (isInside(roots, name)) return
  if (!isObject(value)) {
    throw refuse(`the data at "${name}" lie outside the manifest's roots (${roots.join(', ')})`)
  }
  for (const [key, member] of membersOf(value)) checkRoots(member, [...path, key], roots)
}

function merge(first: Tree, second: Tree, path: readonly string[]): Tree {
  if (!isObject(first) || !isObject(second)) {
    throw refuse(`two data files give a value to "${path.join('/')}"`)
  }
  const members = new Map(membersOf(first))
  for (const [key, value] of membersOf(second)) {
    const present = members.get(key)
    members.set(key, present === undefined ? value : merge(present, value, [...path, key]))
  }
  return { type: 'object', members }
}

function isObject(tree: Tree): boolean {
  return tree.type === 'object' || tree.shape === 'object'
}

function membersOf(tree: Tree): ReadonlyMap<string, Tree> {
  if (tree.type === 'object') return tree.members
  const { members } = scanJson(tree.text, 1)
  return new Map(
    [...members].map(([key, { shape, value }]) => [
      key,
      { type: 'text', shape, text: slice(tree.text, value) },
    ]),
  )
}

function slice(text: Buffer, { start, end }: Span): Buffer {
  return text.subarray(start, end)
}

function print(tree: Tree): string {
  if (tree.type === 'text') return tree.text.toString()
  const members = [...tree.members].map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`)
  return `{${members.join(',')}}`
}

function refuse(what: string): PolicySupplyError {
  return new PolicySupplyError('check', `The bundle's data cannot be used: ${what}`)
}
