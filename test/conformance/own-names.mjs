import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer, request as forward } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { URL } from 'node:url'

/**
 * A proxy before an aggregated endpoint that takes one of its servers for the only one: the official runner knows
 * tools, prompts and resources by their own names. Everything else passes as it is, headers and statuses included.
 */
export async function startWithOwnNames(url, server) {
  const names = createNames(server)
  const target = new URL(url)
  const proxy = createServer((request, response) => {
    void buffer(request).then((body) => {
      const text = body.length === 0 ? body : rewritten(body, names.outwards)
      const headers = { ...request.headers }
      if (headers['mcp-name'] !== undefined) {
        headers['mcp-name'] = named(headers['mcp-name'], body, names)
      }
      if (body.length > 0) headers['content-length'] = String(Buffer.byteLength(text))
      const { method } = request
      const sent = forward(target, { method, headers, agent: false }, (reply) =>
        answer(reply, response, names),
      )
      sent.once('error', () => response.destroy())
      response.once('close', () => sent.destroy())
      sent.end(text)
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    url: `http://localhost:${proxy.address().port}${target.pathname}`,
    close() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}

function createNames(server) {
  const [name, uri] = [`${server}__`, `portcullis:${server}/`]
  const outwards = (key, value, path) => {
    if (key === 'uri') return `${uri}${value}`
    const isTarget = key === 'name' && /^params(\.ref)?$/.test(path)
    return isTarget ? `${name}${value}` : value
  }
  const inwards = (key, value) => {
    if (typeof value !== 'string') return value
    if (key === 'uri' || key === 'uriTemplate') return cut(value, uri)
    return key === 'name' ? cut(value, name) : value
  }
  const isOwn = (item) => {
    const known = item.uri ?? item.uriTemplate ?? item.name
    return known.startsWith(name) || known.startsWith(uri)
  }
  return { outwards, inwards, isOwn, name, uri }
}

const cut = (value, prefix) => (value.startsWith(prefix) ? value.slice(prefix.length) : value)

/** The header mirrors the name or the URI of the body; what disagrees with it has to go on disagreeing. */
function named(header, body, names) {
  const { method = '' } = parsed(body) ?? {}
  return `${method.startsWith('resources/') ? names.uri : names.name}${header}`
}

function parsed(body) {
  try {
    return JSON.parse(String(body))
  } catch {
    return undefined
  }
}

function rewritten(body, rename) {
  const message = parsed(body)
  if (message === undefined || Array.isArray(message)) return body
  const { params } = message
  if (params === undefined || params === null) return body
  const renameIn = (object, path) => {
    for (const key of ['name', 'uri']) {
      if (typeof object?.[key] === 'string') object[key] = rename(key, object[key], path)
    }
  }
  if (/^(tools\/call|prompts\/get|resources\/)/.test(message.method)) renameIn(params, 'params')
  renameIn(params.ref, 'params.ref')
  const uris = params.notifications?.resourceSubscriptions
  if (Array.isArray(uris)) {
    params.notifications.resourceSubscriptions = uris.map((uri) => rename('uri', uri, ''))
  }
  return JSON.stringify(message)
}

function answer(reply, response, names) {
  const isEvents = String(reply.headers['content-type']).startsWith('text/event-stream')
  const headers = { ...reply.headers }
  if (!isEvents) delete headers['content-length']
  response.writeHead(reply.statusCode, headers)
  response.flushHeaders()
  if (!isEvents) {
    void buffer(reply).then((body) => response.end(inOwnNames(body, names)))
    return
  }
  let rest = ''
  reply.setEncoding('utf8')
  reply.on('data', (chunk) => {
    rest += chunk
    const end = rest.lastIndexOf('\n') + 1
    const lines = rest.slice(0, end)
    rest = rest.slice(end)
    response.write(
      lines.replace(/^data: (\{.*)$/gm, (_, data) => `data: ${inOwnNames(data, names)}`),
    )
  })
  reply.once('end', () => response.end(rest))
  reply.once('error', () => response.destroy())
}

const lists = ['tools', 'prompts', 'resources', 'resourceTemplates']

function inOwnNames(body, { inwards, isOwn }) {
  const message = parsed(body)
  if (message === undefined) return body
  for (const list of lists) {
    const items = message.result?.[list]
    if (Array.isArray(items)) message.result[list] = items.filter(isOwn)
  }
  return JSON.stringify(message, function rename(key, value) {
    // Capabilities and schemas have members of these names that name nothing.
    return key === 'name' && this.version !== undefined ? value : inwards(key, value)
  })
}
