import { URL } from 'node:url'
import { readPlainJson } from './plain-json.mjs'

/**
 * What the gateway must make of these bytes, found out independently: `refused`, or `message` with what the
 * message says. Case variants of the protocol's keys are left to `hasCaseVariant`.
 */
export function frontDoor(bytes) {
  let read
  try {
    read = readPlainJson(bytes)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return refused(thrown.message)
  }
  const { value, depth, wellFormed } = read
  if (depth > 500) return refused('too deep')
  if (!(value instanceof Map)) return refused('no object')
  if (value.get('jsonrpc') !== '2.0') return refused('not JSON-RPC 2.0')
  if (hasCaseVariant(value)) return refused('case variant')
  const message = value.has('method') ? readAsking(value) : readAnswer(value)
  return message.verdict === 'refused' ? message : { ...message, wellFormed }
}

function refused(why) {
  return { verdict: 'refused', why }
}

function readAsking(value) {
  const [method, params, id] = ['method', 'params', 'id'].map((name) => value.get(name))
  if (value.has('result') || value.has('error')) return refused('request and response at once')
  if (typeof method !== 'string') return refused('method')
  if (value.has('params') && !(params instanceof Map)) return refused('params')
  if (params !== undefined && hasCaseVariant(params)) return refused('case variant in params')
  const form = value.has('id') ? 'request' : 'notification'
  if (form === 'request' && typeof id !== 'string' && !isLiteral(id)) return refused('id')
  if (isLookalike(method)) return { ...refused('lookalike of a method'), form, id }
  const target = readTarget(method, form, params ?? new Map())
  if (target === undefined) return { ...refused('params of the method'), form, id }
  return { verdict: 'message', form, id, method, params: params ?? new Map(), ...target }
}

function readTarget(method, form, params) {
  if (form !== 'request') return {}
  if (method === 'tools/call' || method === 'prompts/get') return readNamed(method, params)
  if (!resourceMethods.has(method)) return {}
  const uri = params.get('uri')
  return isAbsoluteUri(uri) ? { uri } : undefined
}

// What a server runs that folds case, trims, or stops reading at NUL.
function isLookalike(method) {
  if (methods.has(method)) return false
  const seen = [...method.split('\0')[0]].filter((c) => c > ' ' && !/[\p{C}\p{Z}]/u.test(c))
  const folded = seen.join('').toLowerCase()
  return [...methods].some((known) => known.toLowerCase() === folded)
}

const methods = new Set(
  `initialize ping server/discover completion/complete logging/setLevel subscriptions/listen
  tools/list tools/call prompts/list prompts/get roots/list sampling/createMessage elicitation/create
  resources/list resources/templates/list resources/read resources/subscribe resources/unsubscribe
  tasks/get tasks/result tasks/list tasks/cancel tasks/update notifications/initialized
  notifications/cancelled notifications/progress notifications/message notifications/tools/list_changed
  notifications/prompts/list_changed notifications/resources/list_changed
  notifications/resources/updated notifications/roots/list_changed notifications/elicitation/complete
  notifications/tasks/status notifications/tasks notifications/subscriptions/acknowledged`.split(
    /\s+/,
  ),
)

const resourceMethods = new Set(['resources/read', 'resources/subscribe', 'resources/unsubscribe'])

function readNamed(method, params) {
  const name = params.get('name')
  const args = params.has('arguments') ? params.get('arguments') : new Map()
  if (typeof name !== 'string' || !(args instanceof Map)) return undefined
  return method === 'tools/call' ? { tool: { name, args } } : { prompt: { name, args } }
}

function isAbsoluteUri(uri) {
  if (typeof uri !== 'string' || [...uri].some((c) => c <= ' ' || c === '\u007f')) return false
  return URL.canParse(uri)
}

function readAnswer(value) {
  const id = value.get('id')
  if (value.has('result') === value.has('error')) return refused('result and error')
  const known = id === undefined || id === null || typeof id === 'string' || isLiteral(id)
  if (!known) return refused('id')
  const outcome = value.get('result') ?? value.get('error')
  if (outcome instanceof Map && hasCaseVariant(outcome)) return refused('case variant in outcome')
  return { verdict: 'message', form: 'response', id }
}

function isLiteral(value) {
  return value instanceof Object && 'literal' in value
}

// Only those by which another message would run than the one that was judged.
const keys = [
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
  'name',
  'arguments',
  'uri',
  '_meta',
]

function hasCaseVariant(members) {
  return [...members.keys()].some((key) => {
    const folded = key.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase()
    return keys.includes(folded) && !keys.includes(key)
  })
}
