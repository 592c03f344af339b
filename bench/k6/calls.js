// tools/call at a fixed rate, every body checked. The server behind the gateway has to be bench/upstream.mjs.
//   k6 run --no-usage-report -e URL=http://127.0.0.1:8080/mcp -e RATE=10000 -e DURATION=60s bench/k6/calls.js
import { check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import { answerTo } from '../answer.mjs'

const url = __ENV.URL || 'http://127.0.0.1:8080/mcp'
const rate = Number(__ENV.RATE || 10000)

export const options = {
  scenarios: {
    calls: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: __ENV.DURATION || '60s',
      preAllocatedVUs: Number(__ENV.VUS || Math.max(10, rate / 20)),
      maxVUs: Number(__ENV.MAX_VUS || Math.max(20, rate / 5)),
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate==0'],
    // A call that the load client could not even start was not served at this rate.
    dropped_iterations: ['count==0'],
    http_req_duration: [`p(99)<${__ENV.P99_MS || 50}`],
  },
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
}

const headers = {
  Accept: 'application/json, text/event-stream',
  'Content-Type': 'application/json',
  'MCP-Protocol-Version': '2025-11-25',
}

export default function call() {
  const id = exec.scenario.iterationInTest + 1
  const args = { city: `City ${id % 1000}`, day: id, units: 'metric', language: 'en' }
  const params = { name: 'weather.get', arguments: args }
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
  const response = http.post(url, body, { headers })
  check(response, {
    'is answered with 200': ({ status }) => status === 200,
    'is the answer to this very call': (answer) => belongsTo(answer, id, args),
  })
}

function belongsTo(response, id, args) {
  try {
    const answer = response.json()
    return answer.id === id && answer.result.content[0].text === answerTo(args)
  } catch {
    return false
  }
}
