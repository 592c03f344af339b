import { Buffer } from 'node:buffer'
import { compareNumbers, isNumber } from './plain-json.mjs'

/**
 * What each policy of the soak decides, written down a second time in plain JavaScript: from the facts of a call
 * (`kind`, `tool`, `roles`) to the effect, and the code, reason or fault that go with it.
 */
export const oracles = {
  starter: ({ kind, tool, roles }) => {
    if (kind === 'tools/call') return starterTool(tool, roles)
    if (starterMethods.has(kind) || kind.startsWith('notifications/')) return allow()
    return deny('unknown_method')
  },

  gateway: ({ kind, tool, roles }) => {
    if (kind === 'tools/call') return gatewayTool(tool, roles)
    const passed = ['initialize', 'ping', 'tools/list', 'resources/read'].includes(kind)
    return passed || kind.startsWith('notifications/') ? allow() : deny('not_listed')
  },

  conflict: ({ tool }) => {
    const fault = tool?.args.get('fault')
    if (fault === undefined || fault === false) return allow()
    if (fault === 'rule') return error('conflict')
    if (fault !== 'member') return error('undefined')
    const names = [...valuesOf(tool.args.get('names'))].map(textOf)
    if (new Set(names).size < names.length) return error('conflict')
    return names.length === 0 ? allow() : deny('')
  },

  reasons: ({ tool }) => {
    const reasons = valuesOf(tool?.args.get('reasons'))
    if (reasons.some((reason) => typeof reason !== 'string')) return error('invalid_result')
    const [first] = reasons.map((text) => Buffer.from(text)).sort(Buffer.compare)
    return first === undefined ? allow() : deny(cut(first))
  },

  bounds: ({ tool }) => {
    const n = tool?.args.get('n')
    return n !== undefined && order(n, '100') > 0 ? deny('too_many') : allow()
  },

  'deny-tools': ({ kind }) => (kind === 'tools/call' ? deny('no_tools_today') : allow()),

  'default-allow': ({ tool }) => (tool?.name === 'forbidden' ? deny('') : allow()),

  undefined: ({ kind }) => (['initialize', 'ping'].includes(kind) ? allow() : error('undefined')),
}

/** The policies that also judge replies, and how many obligations they give with a permitted one. */
export const replyObligations = {
  starter: ({ tool, roles }) =>
    sanitizeSteps + (tool?.name === 'employee_data' && !roles.includes('hr') ? 2 : 0),
  gateway: () => 3,
}

const sanitizeSteps = 6

const starterMethods = new Set(
  `initialize ping server/discover logging/setLevel completion/complete tools/list prompts/list prompts/get
   resources/list resources/templates/list resources/read resources/subscribe resources/unsubscribe
   subscriptions/listen tasks/get tasks/result tasks/list tasks/update tasks/cancel roots/list
   sampling/createMessage elicitation/create`.split(/\s+/),
)

function starterTool({ name, args }, roles) {
  if (name === 'database.backup') {
    return roles.includes('admin') || roles.includes('dba') ? allow() : deny('role_mismatch')
  }
  if (name !== 'temp.convert') return allow()
  const temp = args.get('temp')
  const within =
    isNumber(temp) &&
    compareNumbers(temp.literal, '-273') >= 0 &&
    compareNumbers(temp.literal, '10000') <= 0
  return within ? allow() : deny('out_of_bounds: temp', 'validation_failed')
}

function gatewayTool({ name, args }, roles) {
  if (name === 'database.backup') return roles.includes('admin') ? allow() : deny('role_mismatch')
  if (name === 'weather.get') return { ...allow(), obligations: 1 }
  const value = name === 'temp.convert' ? args.get('value') : undefined
  const isBelow = value !== undefined && order(value, '-273.15') < 0
  return isBelow ? deny('out_of_bounds', 'validation_failed') : allow()
}

function allow() {
  return { effect: 'allow', obligations: 0 }
}

function deny(reason, code = 'policy_deny') {
  return { effect: 'deny', code, reason, fault: undefined }
}

export function error(fault) {
  return { effect: 'deny', code: 'policy_error', fault }
}

/** How a value stands to a number: Rego orders null, booleans, numbers, and everything else after them. */
function order(value, literal) {
  if (isNumber(value)) return compareNumbers(value.literal, literal)
  return value === null || typeof value === 'boolean' ? -1 : 1
}

/** What `some x in value` goes through. */
function valuesOf(value) {
  if (Array.isArray(value)) return value
  return value instanceof Map ? [...value.values()] : []
}

/** Equal for values that Rego takes for equal, as far as the generated names go. */
function textOf(value) {
  if (isNumber(value)) return `number ${Number(value.literal)}`
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  return JSON.stringify(value)
}

function cut(bytes) {
  if (bytes.length <= 1024) return bytes.toString()
  let end = 1024
  while ((bytes[end] & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
