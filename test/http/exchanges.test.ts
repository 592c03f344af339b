import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createExchanges } from '../../src/http/exchanges.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Responses of a real server that nobody has answered yet. */
async function responses(count: number): Promise<readonly ServerResponse[]> {
  const open: ServerResponse[] = []
  const server = createServer((_request, response) => {
    open.push(response)
    if (open.length === count) server.emit('all')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  const all = once(server, 'all')
  for (let left = count; left > 0; left -= 1) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    sockets.push(socket)
  }
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await all
  return open
}

test('streams are refused before calls are, and both before descriptors run out', async () => {
  // Of 24 descriptors 6 are kept free of streams and 3 of calls: room for 9 streams, and for one call more.
  const exchanges = createExchanges(24)
  const [last, ...earlier] = await responses(11)
  for (const response of earlier.slice(0, 8)) exchanges.begin(response, 'listening')
  expect(() => exchanges.refuseTooMany('listening')).not.toThrow()
  for (const response of earlier.slice(8, 9)) exchanges.begin(response, 'listening')
  expect(() => exchanges.refuseTooMany('listening')).toThrow('no room for more streams')
  expect(() => exchanges.refuseTooMany('call')).not.toThrow()
  for (const response of earlier.slice(9)) exchanges.begin(response, 'call')
  if (last !== undefined) exchanges.begin(last, 'call')
  expect(() => exchanges.refuseTooMany('call')).toThrow('no room')
})

test('a stream that ended makes room for another', async () => {
  const exchanges = createExchanges(4)
  const [first, second] = await responses(2)
  if (first === undefined || second === undefined) throw new Error('two were asked for')
  exchanges.begin(first, 'listening')
  exchanges.begin(second, 'listening')
  expect(() => exchanges.refuseTooMany('listening')).toThrow()
  const closed = Promise.all([once(first, 'close'), once(second, 'close')])
  first.destroy()
  second.destroy()
  await closed
  expect(() => exchanges.refuseTooMany('listening')).not.toThrow()
})
