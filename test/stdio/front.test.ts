import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { bundleOf } from '../support/governed.js'
import { modern } from '../support/modern.js'
import { calls, initialize, resultOf } from '../support/stdio-host.js'
import { begunScene, openScene, type Given, type Scene } from './scene.js'

const open: Scene[] = []

afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close()
})

async function start(given?: Given): Promise<Scene> {
  const scene = await openScene(given)
  open.push(scene)
  return scene
}

async function begun(given?: Given): Promise<Scene> {
  const scene = await begunScene(given)
  open.push(scene)
  return scene
}

describe('what passes', () => {
  test('passes byte for byte: ids and numbers that no double holds, unknown members, key order', async () => {
    const host = await begun()
    const line =
      '{"x-own":[1.0,1e400],"jsonrpc":"2.0","method":"tools/call","id":12345678901234567890,"params":{"name":"received","arguments":{"n":9007199254740993,"a":-0}}}'
    host.send(line)
    const sent = resultOf(await host.answer('12345678901234567890'))
    // Only the id is the gateway's own.
    expect(sent.replace(/"id":[^,]+/, '"id":12345678901234567890')).toBe(line)
  })

  test('is one line, whatever white space stands in it', async () => {
    const host = await begun()
    host.send(JSON.stringify(calls(1, 'received')).replace('{', '{\r\t'))
    expect(resultOf(await host.answer('1'))).toContain('{ \t"jsonrpc"')
  })

  test('keeps its order: progress, the result, and what the server says by itself', async () => {
    const host = await begun()
    host.send(calls(1, 'progress', { times: 3 }, { progressToken: 'p' }))
    await host.answer('1')
    host.send(calls(2, 'change'))
    await host.seen((line) => line.includes('list_changed'))
    await host.answer('2')
    const kinds = host.lines.map((line) => {
      const { id, method, params } = JSON.parse(line) as {
        id?: unknown
        method?: string
        params?: { progress?: number }
      }
      return id ?? params?.progress ?? method
    })
    expect(kinds.slice(0, 5)).toEqual(['init', 1, 2, 3, 1])
    expect(kinds.slice(5).sort()).toEqual([2, 'notifications/tools/list_changed'])
  })

  test("brings the server's question to the host, and the answer to the server", async () => {
    const host = await begun()
    host.send(calls(1, 'ask'))
    const question = await host.seen((line) => line.includes('elicitation/create'))
    const { id } = JSON.parse(question) as { id: string }
    const result = { action: 'accept', content: { n: 1 } }
    host.send({ jsonrpc: '2.0', id, result })
    expect(JSON.parse(resultOf(await host.answer('1')))).toEqual(result)
  })

  test('keeps a cancellation behind the request that it is about', async () => {
    const host = await begun()
    host.send(calls(1, 'never'))
    host.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    host.send(calls(2, 'cancelled'))
    expect(JSON.parse(resultOf(await host.answer('2')))).toHaveLength(1)
    expect(host.lines.some((line) => line.includes('"id":1,'))).toBe(false)
  })

  test('needs no handshake in the modern era', async () => {
    const host = await start()
    host.send(modern('tools/call', { name: 'echo', arguments: { text: 'hello' } }, 7))
    expect(resultOf(await host.answer('7'))).toBe('hello')
  })
})

describe('policy', () => {
  test('refuses in-band and on record, and the server never sees the call', async () => {
    const host = await begun()
    host.send(calls(1, 'erase'))
    expect(JSON.parse(await host.answer('1'))).toMatchObject({
      id: 1,
      error: { code: 403, message: 'policy_deny', data: { reason: 'role_mismatch' } },
    })
    expect(await host.record(({ effect }) => effect === 'deny')).toMatchObject({
      kind: 'tools/call',
      server: 'default',
      principal: { id: '', roles: [] },
      request_id: 1,
    })
    const outcome = await host.record(
      ({ type, kind }) => type === 'outcome' && kind === 'tools/call',
    )
    expect(outcome).toMatchObject({ result: { status: 200 } })
  })

  test('as POLICY_DENY_STYLE=tool-error says, a refusal is a result', async () => {
    const host = await begun({ env: { POLICY_DENY_STYLE: 'tool-error' } })
    host.send(calls(1, 'erase'))
    expect(JSON.parse(await host.answer('1'))).toMatchObject({ result: { isError: true } })
  })

  test('knows the user whom --user-context names, and the server by its name', async () => {
    const host = await begun({ user: '{"id":"eve","roles":["editor"]}', name: 'files' })
    host.send(calls(1, 'erase'))
    // The server knows no such tool: the call has reached it.
    expect(JSON.parse(await host.answer('1'))).toMatchObject({ error: { code: -32602 } })
    expect(await host.record(({ kind }) => kind === 'tools/call')).toMatchObject({
      effect: 'allow',
      server: 'files',
      principal: { id: 'eve', roles: ['editor'] },
    })
  })

  test('rewrites replies', async () => {
    const host = await begun()
    host.send(calls(1, 'echo', { text: 'it is secret-123' }))
    expect(resultOf(await host.answer('1'))).toBe('it is secret-*')
  })

  test("refuses the server's own question, which the server hears and the host does not", async () => {
    const host = await begun()
    host.send(calls(1, 'askLater'))
    expect(await host.record(({ kind }) => kind === 'roots/list')).toMatchObject({
      effect: 'deny',
      reason: 'roots_are_private',
    })
    host.send(calls(2, 'echo', { text: 'a' }))
    await host.answer('2')
    expect(host.lines.some((line) => line.includes('roots/list'))).toBe(false)
  })

  test('is waited for: until it is there nothing flows, and then everything does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-late-'))
    const path = join(folder, 'bundle.tar.gz')
    const host = await start({ env: { POLICY_BUNDLE_PATH: path } })
    host.send({ ...initialize, id: 'early' })
    expect(await host.answer('"early"')).toContain('policy_unavailable')
    await copyFile(bundleOf('desktop'), path)
    await host.reload()
    host.send(initialize)
    await host.answer('"init"')
    host.send(calls(1, 'change'))
    await host.seen((line) => line.includes('list_changed'))
    await rm(folder, { recursive: true })
  })

  test('is nothing but a relay when it is off', async () => {
    const host = await begun({ env: { POLICY_ENABLED: 'false' } })
    host.send(calls(1, 'echo', { text: 'it is secret-123' }))
    expect(resultOf(await host.answer('1'))).toBe('it is secret-123')
  })
})

describe('a line that is no message', () => {
  test.each([
    ['no JSON', '{"jsonrpc":"2.0","id":1', -32700, null],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, null],
    ['a key twice', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32600, 2],
    ['a case variant', '{"jsonrpc":"2.0","id":"a","method":"ping","Params":{}}', -32600, 'a'],
    ['another version', '{"jsonrpc":"1.0","id":5,"method":"ping"}', -32600, 5],
    ['an id that no double holds', '{"id":12345678901234567890,"method":"ping"}', -32600, null],
    ['an answer that is two', '{"jsonrpc":"2.0","id":5,"result":{},"error":{}}', -32600, null],
    ['arguments that are no object', JSON.stringify(calls(3, 'a', [1])), -32602, 3],
    ['bytes that are no UTF-8', Buffer.from('"\xff"', 'latin1').toString('latin1'), -32600, null],
  ])('because of %s is answered, and the next one is heard', async (_what, line, code, id) => {
    const host = await start()
    host.send(line)
    const answer = await host.seen((each) => each.includes('"error"'))
    expect(JSON.parse(answer)).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
    host.send(initialize)
    await host.answer('"init"')
    expect(host.lines).toHaveLength(2)
  })

  test('but too long is answered, and nothing of it is taken for a message', async () => {
    const host = await start({ env: { MAX_BODY_BYTES: '1000' } })
    host.send('x'.repeat(100_000) + JSON.stringify(calls(9, 'echo')))
    host.send(calls(1, 'echo', { text: 'x'.repeat(2000) }))
    host.send(initialize)
    await host.answer('"init"')
    const errors = host.lines.filter((line) => line.includes('A message may have 1000 bytes'))
    expect(errors).toHaveLength(2)
    expect(host.lines).toHaveLength(3)
  })

  test('but empty is passed by, and CR LF ends one too', async () => {
    const host = await start()
    host.send(`\r\n\n${JSON.stringify(initialize)}\r`)
    await host.answer('"init"')
    expect(host.lines).toHaveLength(1)
  })

  test('but is a notification that cannot be taken gets no answer', async () => {
    const host = await begun()
    host.send({ jsonrpc: '2.0', method: 'tools/call', params: {} })
    host.send(calls(1, 'echo', { text: 'a' }))
    await host.answer('1')
    expect(host.lines).toHaveLength(2)
  })
})

describe('the end', () => {
  test('comes when the host closes its end: what is in flight is finished first', async () => {
    const host = await begun()
    host.send(calls(1, 'progress', { times: 200 }, { progressToken: 1 }))
    host.end()
    expect(await host.ended).toEqual({ type: 'host_left' })
    expect(host.lines.filter((line) => line.includes('progress'))).toHaveLength(200)
    expect(host.lines.at(-1)).toContain('"id":1')
  })

  test('takes a last line without a line end', async () => {
    const host = await begun()
    host.send(calls(1, 'echo', { text: 'a' }))
    host.end()
    await host.ended
    expect(host.lines.at(-1)).toContain('"id":1')
  })

  test('does not wait for a host that only listens', async () => {
    const host = await start()
    host.send(modern('subscriptions/listen', { notifications: { toolsListChanged: true } }, 1))
    await host.seen((line) => line.includes('acknowledged'))
    host.end()
    expect(await host.ended).toEqual({ type: 'host_left' })
  })

  test('does not wait for the answer to a call that the host has cancelled', async () => {
    const host = await begun({ env: { SHUTDOWN_TIMEOUT_MS: '60000' } })
    host.send(calls(1, 'never'))
    host.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    host.end()
    const outcome = await host.record(
      ({ type, kind }) => type === 'outcome' && kind === 'tools/call',
    )
    expect(outcome).toMatchObject({ result: { end: 'client_closed' } })
    expect(await host.ended).toEqual({ type: 'host_left' })
    expect(host.lines.filter((line) => line.includes('"id":1'))).toEqual([])
  })

  test('waits for calls in flight no longer than SHUTDOWN_TIMEOUT_MS', async () => {
    const host = await begun({ env: { SHUTDOWN_TIMEOUT_MS: '50' } })
    host.send(calls(1, 'never'))
    host.end()
    expect(await host.ended).toEqual({ type: 'host_left' })
    const outcome = await host.record(
      ({ type, kind }) => type === 'outcome' && kind === 'tools/call',
    )
    expect(outcome).toMatchObject({ result: { end: 'client_closed' } })
  })

  test('comes at once where it is asked for', async () => {
    const host = await begun()
    host.send(calls(1, 'never'))
    host.send(calls(2, 'echo', { text: 'a' }))
    await host.answer('2')
    host.stop()
    expect(await host.ended).toEqual({ type: 'stopped' })
  })

  test('comes where the host reads no more', async () => {
    const host = await begun()
    host.output.destroy(new Error('EPIPE'))
    expect(await host.ended).toEqual({ type: 'host_left' })
  })

  test('comes when the server fails, and each call in flight gets an error', async () => {
    const host = await begun()
    host.send(calls(1, 'never'))
    host.send(calls(2, 'crash'))
    for (const id of ['1', '2']) {
      expect(JSON.parse(await host.answer(id))).toMatchObject({
        error: { message: 'upstream_unavailable' },
      })
    }
    expect(await host.ended).toEqual({ type: 'exited', code: 3 })
  })
})

describe('a host that asks for too much', () => {
  test('is told so, and answers to what the server asks still get through', async () => {
    const host = await begun()
    host.send(calls('q', 'ask'))
    const question = await host.seen((line) => line.includes('elicitation/create'))
    for (let id = 1; id <= 1_000; id += 1) host.send(calls(id, 'never'))
    expect(JSON.parse(await host.answer('1000'))).toMatchObject({
      error: { message: 'rate_limited' },
    })
    const { id } = JSON.parse(question) as { id: string }
    host.send({ jsonrpc: '2.0', id, result: { action: 'decline' } })
    expect(resultOf(await host.answer('"q"'))).toContain('decline')
  })

  test('may send as many notifications as it likes', async () => {
    const host = await begun()
    const params = { requestId: 'x' }
    for (let i = 0; i < 5_000; i += 1) {
      host.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    }
    host.send(calls(1, 'echo', { text: 'a' }))
    await host.answer('1')
  })
})

describe('a host that does not read', () => {
  test('holds the server back, and loses nothing', async () => {
    const host = await start({ deaf: true })
    host.send(initialize)
    const bytes = 50_000
    const times = 200
    host.send(calls(1, 'flood', { times, bytes }, { progressToken: 1 }))
    await host.record(({ kind, hook }) => kind === 'notifications/progress' && hook === 'post')
    host.send(calls(2, 'echo', { text: 'a' }))
    await host.record(({ request_id }) => request_id === 2)
    expect(host.output.readableLength + host.output.writableLength).toBeLessThan(10 * bytes)
    let received = 0
    host.output.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) received += 1
    })
    host.end()
    await host.ended
    expect(received).toBe(times + 3)
  })
})
