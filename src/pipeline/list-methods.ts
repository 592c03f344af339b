/** A list of which a server can say that it has changed. */
export type ListName = 'tools' | 'prompts' | 'resources'

export const listNames: readonly ListName[] = ['tools', 'prompts', 'resources']

/** A method whose results are pages of a list. */
export interface ListMethod {
  /** The member of the result that holds the page. */
  readonly member: string
  /** The member of an item that policy knows it by. */
  readonly identifiedBy: 'name' | 'uri' | 'uriTemplate'
  /** What changes when the page does. */
  readonly list: ListName
}

/** Undefined for a method that lists nothing policy could hide. */
export function listMethod(kind: string): ListMethod | undefined {
  return listMethods.get(kind)
}

export const listMethods: ReadonlyMap<string, ListMethod> = new Map([
  ['tools/list', { member: 'tools', identifiedBy: 'name', list: 'tools' }],
  ['prompts/list', { member: 'prompts', identifiedBy: 'name', list: 'prompts' }],
  ['resources/list', { member: 'resources', identifiedBy: 'uri', list: 'resources' }],
  [
    'resources/templates/list',
    { member: 'resourceTemplates', identifiedBy: 'uriTemplate', list: 'resources' },
  ],
] as const)
