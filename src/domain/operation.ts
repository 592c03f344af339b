import type { Span } from './json.js'

/** What a message asks for, whichever protocol era spelled it. `kind` is the JSON-RPC method. */
export type Operation = ToolOperation | ResourceOperation | PromptOperation | OtherOperation

export interface ToolOperation {
  readonly type: 'tool'
  readonly kind: string
  readonly name: string
  /** Where the arguments stand in the message; undefined where the call has none. */
  readonly args: Span | undefined
}

export interface ResourceOperation {
  readonly type: 'resource'
  readonly kind: string
  readonly uri: string
}

export interface PromptOperation {
  readonly type: 'prompt'
  readonly kind: string
  readonly name: string
  readonly args: Span | undefined
}

/** Any other method: policy sees its params as they are. */
export interface OtherOperation {
  readonly type: 'other'
  readonly kind: string
  readonly params: Span | undefined
}

/** The target of an operation, as records name it. */
export function targetOf(operation: Operation): { type: string; name: string } | undefined {
  switch (operation.type) {
    case 'tool':
    case 'prompt':
      return { type: operation.type, name: operation.name }
    case 'resource':
      return { type: 'resource', name: operation.uri }
    case 'other':
      return undefined
  }
}
