import type { ListedItem } from './context.js'
import type { JsonTree } from './json-values.js'
import type { RootTrees } from './root-trees.js'

/** Of an item of a list: those of the request for the list, as if the item were called. */
export function createItemRoots(message: RootTrees, item: ListedItem): RootTrees {
  const own: Readonly<Partial<Record<string, JsonTree | undefined>>> = {
    kind: item.kind,
    hook: 'pre',
    direction: 'to_server',
    tool: item.kind === 'tools/call' ? toolOf(item) : undefined,
    resource: item.kind === 'resources/read' ? { uri: item.uri } : undefined,
    prompt: item.kind === 'prompts/get' ? { name: item.name } : undefined,
    args: undefined,
    params: undefined,
    response: undefined,
  }
  return { tree: (root) => (Object.hasOwn(own, root) ? own[root] : message.tree(root)) }
}

function toolOf({
  name,
  annotations,
  actionClass,
}: Extract<ListedItem, { kind: 'tools/call' }>): JsonTree {
  return { name, annotations: annotations ?? {}, action_class: actionClass }
}
