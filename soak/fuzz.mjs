import console from 'node:console'
import { fileURLToPath, URL } from 'node:url'
import { Pool } from 'undici'
import { createFindings } from './findings.mjs'
import { frontDoor } from './front-door.mjs'
import { startGatewayProcess } from './gateway-process.mjs'
import { mutatedBody } from './mutations.mjs'
import { oracles } from './oracles.mjs'
import { createRandom } from './random.mjs'
import { startRawUpstream } from './raw-upstream.mjs'

/**
 * Mutated bodies at the front door of a gateway process. It stays alive, answers each with the upstream's answer or a
 * well-formed error, and what reaches the upstream is what was sent, and readable in one way only.
 */
export async function fuzz({ bodies, seed }) {
  const findings = createFindings()
  const reached = new Map()
  const upstream = await startRawUpstream((body, headers) => {
    const number = Number(headers['x-case'])
    reached.set(number, [...(reached.get(number) ?? []), body])
    return answerTo(body, number)
  })
  const gateway = await startGatewayProcess(upstream.url, {
    POLICY_BUNDLE_PATH: starter,
    DECISION_LOG_ARGS: 'full',
  })
  try {
    const client = createClient(gateway.mcpUrl)
    const tally = await sendAll({
      bodies,
      random: createRandom(seed),
      client,
      reached,
      gateway,
      findings,
    })
    await checkAlive(client, gateway, bodies + 1, findings)
    await client.close()
    checkLog(gateway, findings)
    console.log(`outcomes: ${JSON.stringify(tally)}`)
    if (tally.forwarded === undefined || tally.refused === undefined) {
      findings.add('outcomes', 'nothing was forwarded, or nothing refused: the fuzz shows nothing')
    }
    return {
      line: `${bodies} bodies, ${tally.forwarded} reached the upstream`,
      findings: findings.lines(),
    }
  } finally {
    if (gateway.isAlive()) await gateway.stop()
    gateway.remove()
    upstream.close()
  }
}

const starter = fileURLToPath(new URL('../bundles/starter.tar.gz', import.meta.url))
const connections = 4

function createClient(url) {
  const { origin, pathname: path } = new URL(url)
  const pool = new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0 })
  return {
    async post(body, number) {
      const headers = {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'x-case': String(number),
      }
      const reply = await pool.request({ method: 'POST', path, headers, body })
      return { status: reply.statusCode, text: await reply.body.text() }
    },
    close: () => pool.close(),
  }
}

/** As a server would: a result for a request, 202 for anything else. */
function answerTo(body, number) {
  const facts = frontDoor(body)
  if (facts.form !== 'request') return { status: 202 }
  return { text: answerText(facts.id, number) }
}

function answerText(id, number) {
  const spelled = typeof id === 'string' ? JSON.stringify(id) : id.literal
  return `{ "jsonrpc": "2.0", "result": {"case": ${number}}, "id": ${spelled} }`
}

async function sendAll({ bodies, random, client, reached, gateway, findings }) {
  const tally = {}
  let number = 0
  async function connection() {
    while (number < bodies && gateway.isAlive()) {
      const own = (number += 1)
      const body = mutatedBody(random)
      try {
        const answer = await client.post(body, own)
        const outcome = check(
          { body, number: own, answer, arrived: reached.get(own) ?? [] },
          findings,
        )
        tally[outcome] = (tally[outcome] ?? 0) + 1
      } catch (thrown) {
        findings.add('no answer', `${thrown.message} to ${shown(body)}`)
      }
      reached.delete(own)
      if (own % Math.ceil(bodies / 10) === 0) console.log(`${own} bodies sent`)
    }
  }
  await Promise.all(Array.from({ length: connections }, connection))
  return tally
}

function check({ body, number, answer, arrived }, findings) {
  const facts = frontDoor(body)
  const complain = (kind) =>
    findings.add(kind, `${shown(body)} got ${answer.status} ${answer.text.slice(0, 200)}`)
  if (answer.status >= 500) complain('server error')
  if (arrived.length > 1) complain('forwarded twice')
  if (arrived.length > 0) {
    checkForwarded({ body, number, answer, facts, arrived: arrived[0] }, complain)
    return 'forwarded'
  }
  if (isPlain(facts) && isPermitted(facts) && !isOtherVariant(answer))
    complain('refused without need')
  if (answer.status === 202 && answer.text === '') {
    if (facts.form !== 'notification') complain('accepted and not forwarded')
    return 'dropped'
  }
  if (!isRefusal(answer, facts)) complain('malformed refusal')
  return 'refused'
}

function checkForwarded({ body, number, answer, facts, arrived }, complain) {
  if (facts.verdict === 'refused') return complain(`forwarded although ${facts.why}`)
  const { form, method, params } = facts
  if (form === 'response' && !facts.wellFormed) return // policy cannot be shown it, so the server gets a decline
  if (!arrived.equals(body)) complain('forwarded other bytes')
  if (!isPermitted(facts)) complain('forwarded although policy forbids it')
  // In whatever form: a server need not care whether there is an id.
  if (method === 'tools/call' && params.get('name') === 'database.backup')
    complain('forwarded a restricted tool')
  const expected =
    form === 'request'
      ? { status: 200, text: answerText(facts.id, number) }
      : { status: 202, text: '' }
  if (answer.status !== expected.status || answer.text !== expected.text)
    complain("not the upstream's answer")
}

/** A message that nobody could have a reason to refuse before policy does: a request without an id is none. */
function isPlain({ verdict, form, method }) {
  return verdict === 'message' && (form !== 'notification' || method.startsWith('notifications/'))
}

function isPermitted({ form, method, tool, params, wellFormed }) {
  if (form === 'response') return true
  if (!wellFormed) return false
  // A call that nobody waits for may not do what one with an id may not do.
  const args = params.get('arguments')
  const asked = tool ?? { name: params.get('name'), args: args instanceof Map ? args : new Map() }
  return oracles.starter({ kind: method, tool: asked, roles: [] }).effect === 'allow'
}

/** The gateway knows more keys of the protocol than the independent check does: here it must be right about one. */
function isOtherVariant({ text }) {
  const found =
    /\\"([^"\\]+)\\" in the (?:message|params|result|error) differs from \\"([^"\\]+)\\" only in case/.exec(
      text,
    )
  if (found === null) return false
  const [, key, known] = found
  const fold = (name) => name.toLowerCase().replaceAll('\u017f', 's')
  return key !== known && fold(key) === fold(known)
}

function isRefusal({ status, text }, facts) {
  let reply
  try {
    reply = JSON.parse(text)
  } catch {
    return false
  }
  const { error, id } = reply
  const isOwn = id === null || (facts.form === 'request' && isSameId(text, id, facts.id))
  const isError = Number.isInteger(error?.code) && typeof error.message === 'string'
  return status >= 400 && status < 500 && reply.jsonrpc === '2.0' && isOwn && isError
}

function isSameId(text, id, asked) {
  return typeof asked === 'string' ? id === asked : text.includes(`"id":${asked.literal},`)
}

async function checkAlive(client, gateway, number, findings) {
  if (!gateway.isAlive()) return findings.add('the gateway ended', gateway.lastLines())
  const ping = await client.post('{"jsonrpc":"2.0","id":1,"method":"ping"}', number)
  if (ping.status !== 200) findings.add('last ping', `${ping.status} ${ping.text}`)
  const failures = gateway.errors().request_failed
  if (failures !== undefined)
    findings.add('failed inside', `${failures} times: ${gateway.lastLines()}`)
}

/** Whatever was sent, each record is one line of JSON. */
function checkLog(gateway, findings) {
  for (const line of gateway.records()) {
    try {
      JSON.parse(line)
    } catch {
      findings.add('log line', line)
    }
  }
}

function shown(body) {
  return JSON.stringify(
    body.length > 400
      ? `${body.toString().slice(0, 400)}… (${body.length} bytes)`
      : body.toString(),
  )
}
