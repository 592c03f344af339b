import type { ActionClass } from '../../domain/action-class.js'
import type { JsonObject } from '../../domain/json.js'
import type { PolicyInput } from '../../domain/policy-input.js'
import type { CelBudget } from './budget.js'
import type { CelRoot } from './condition.js'
import type { Variables } from './engine.js'
import { createMessageRoots } from './message-roots.js'
import { createItemRoots } from './item-roots.js'
import type { RootTrees } from './root-trees.js'
import type { Extent } from './turns.js'
import { extentOf } from './extent.js'
import { variablesOf } from './variables.js'

/**
 * What conditions read of one message: one a decision, or one an item of a list. Nothing is read before it is asked for,
 * and nothing twice.
 */
export interface CelContext {
  readonly budget: CelBudget
  readonly variables: Variables
  /** What it has of these roots. */
  readonly extent: (roots: ReadonlySet<CelRoot>) => Extent
}

/** An item of a list, which is judged as the call that it stands for: without arguments. */
export type ListedItem = ListedTool | ListedResource | ListedPrompt

export interface ListedTool {
  readonly kind: 'tools/call'
  readonly name: string
  /** Undefined where none of the server's are believed. */
  readonly annotations: JsonObject | undefined
  readonly actionClass: ActionClass
}

export interface ListedResource {
  readonly kind: 'resources/read'
  readonly uri: string
}

export interface ListedPrompt {
  readonly kind: 'prompts/get'
  readonly name: string
}

export interface CelContextOptions {
  readonly budget: CelBudget
  /** At the hook `list`: what is judged instead of the list. */
  readonly item?: ListedItem | undefined
}

export function createCelContext(
  input: PolicyInput,
  { budget, item }: CelContextOptions,
): CelContext {
  const message = createMessageRoots(input)
  const trees: RootTrees = item === undefined ? message : createItemRoots(message, item)
  return {
    budget,
    variables: variablesOf(trees, input.time),
    extent: (roots) => extentOf(trees, roots),
  }
}
