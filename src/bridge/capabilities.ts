import { isJsonObject, type JsonObject } from '../domain/json.js'

/** What a client must be able to do to answer a server's request. Undefined for a request that nobody may make. */
export function capabilityFor(method: string, params: JsonObject): JsonObject | undefined {
  switch (method) {
    case 'elicitation/create':
      return { elicitation: params['mode'] === 'url' ? { url: {} } : { form: {} } }
    case 'sampling/createMessage':
      return { sampling: 'tools' in params || 'toolChoice' in params ? { tools: {} } : {} }
    case 'roots/list':
      return { roots: {} }
    default:
      return undefined
  }
}

/** Whether a client declared all of it. `elicitation: {}` has always meant forms. */
export function declares(declared: JsonObject, needed: JsonObject): boolean {
  return Object.entries(needed).every(([name, modes]) => {
    const capability = declared[name]
    if (!isJsonObject(capability)) return false
    return Object.keys(isJsonObject(modes) ? modes : {}).every(
      (mode) => mode in capability || (mode === 'form' && !('url' in capability)),
    )
  })
}
