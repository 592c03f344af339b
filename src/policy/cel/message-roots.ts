import type { PolicyInput } from '../../domain/policy-input.js'
import type { Principal } from '../../domain/principal.js'
import type { CelRoot } from './condition.js'
import { createInputDocument, type InputDocument } from './input-document.js'
import type { JsonTree } from './json-values.js'
import type { RootTrees } from './root-trees.js'

/** Of a message: small facts from the call, arguments, headers and the response from the document that policy is shown. */
export function createMessageRoots(input: PolicyInput): RootTrees {
  const document = createInputDocument(input.document)
  const trees = new Map<CelRoot, JsonTree | undefined>()
  return {
    tree(root) {
      const known = trees.get(root)
      if (known !== undefined || trees.has(root)) return known
      const tree = read(input, document, root)
      trees.set(root, tree)
      return tree
    },
  }
}

function read(input: PolicyInput, document: InputDocument, root: CelRoot): JsonTree | undefined {
  const { call, hook } = input
  const { operation } = call
  switch (root) {
    case 'kind':
      return operation.kind
    case 'hook':
      return hook
    case 'direction':
      return hook === 'list' ? 'to_client' : call.direction
    case 'server':
      return call.server
    case 'protocol':
      return call.protocol
    case 'user':
      return userOf(call.principal)
    case 'client':
      return { id: '', claimed: call.claimed === undefined ? {} : { ...call.claimed } }
    case 'session':
      return call.session === undefined ? undefined : { id: call.session.id }
    case 'request':
      return requestOf(call.requestIp, document)
    case 'resource':
      return operation.type === 'resource' ? { uri: operation.uri } : undefined
    case 'tool':
      return operation.type === 'tool' ? toolOf(operation.name, input, document) : undefined
    case 'prompt':
      return operation.type === 'prompt' ? promptOf(operation.name, document) : undefined
    case 'args':
      return argumentsOf(operation.type, document)
    case 'params':
    case 'response':
      return document.member(root)
    case 'time':
      return undefined
  }
}

/** Claims, and over them what was verified. */
function userOf({ id, roles, teams, authenticated, via, claims }: Principal): JsonTree {
  return { ...claims, id, roles, teams, authenticated, via }
}

// Getters, so that who asks for a name alone does not read the arguments beside it.

function requestOf(ip: string, document: InputDocument): JsonTree {
  return {
    ip,
    get headers() {
      return document.member('headers') ?? {}
    },
  }
}

function toolOf(name: string, { actionClass }: PolicyInput, document: InputDocument): JsonTree {
  return {
    name,
    action_class: actionClass,
    get args() {
      return argumentsOf('tool', document) ?? {}
    },
    get annotations() {
      return document.memberOf('tool', 'annotations') ?? {}
    },
  }
}

function promptOf(name: string, document: InputDocument): JsonTree {
  return {
    name,
    get args() {
      return argumentsOf('prompt', document) ?? {}
    },
  }
}

function argumentsOf(type: string, document: InputDocument): JsonTree | undefined {
  return type === 'tool' || type === 'prompt' ? document.memberOf(type, 'args') : undefined
}
