import { afterEach } from 'vitest'
import { startTestGateway, type TestGateway } from './gateway.js'
import { startRawUpstream, type Answerer, type RawUpstream } from './upstream.js'

interface Closable {
  close(): Promise<void>
}

/** Keeps what a test opens, and closes it after the test in reverse order. */
export function closedAfterEach(): <Part extends Closable>(part: Part) => Part {
  const open: Closable[] = []
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close()
  })
  return (part) => {
    open.push(part)
    return part
  }
}

/** Starts gateways before raw upstreams of their own. */
export function relaysOf(
  keep: ReturnType<typeof closedAfterEach>,
): (
  answer: Answerer,
  env?: Record<string, string>,
) => Promise<{ upstream: RawUpstream; gateway: TestGateway }> {
  return async (answer, env = {}) => {
    const upstream = keep(await startRawUpstream(answer))
    const gateway = keep(await startTestGateway({ UPSTREAM_URL: upstream.url, ...env }))
    return { upstream, gateway }
  }
}
