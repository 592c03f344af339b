import { expect, vi } from 'vitest'
import { startTestGateway, type LogLine, type TestGateway } from './gateway.js'
import { startRawUpstream, type Answerer, type RawUpstream } from './upstream.js'

/** A gateway with a policy, in front of somebody else's server. */
export interface Governed {
  readonly upstream: RawUpstream
  readonly gateway: TestGateway
  close(): Promise<void>
}

/** @param policy the name of a folder of test/fixtures/policies */
export async function startGoverned(
  answer: Answerer,
  env: Record<string, string> = {},
  policy = 'scripted',
): Promise<Governed> {
  const upstream = await startRawUpstream(answer)
  const gateway = await startTestGateway({
    UPSTREAM_URL: upstream.url,
    POLICY_MODE: 'enforce',
    POLICY_BUNDLE_PATH: bundleOf(policy),
    ...env,
  })
  return {
    upstream,
    gateway,
    close: async () => {
      await gateway.close()
      await upstream.close()
    },
  }
}

export function bundleOf(policy: string): string {
  return new URL(`../fixtures/policies/${policy}/bundle.tar.gz`, import.meta.url).pathname
}

/** Headers that tell the policy `scripted` what to decide, by kind; what is not named is allowed. */
export function script(hooks: { pre?: ByKind; post?: ByKind }): Record<string, string> {
  const headers = Object.entries(hooks).map(([hook, byKind]) => [
    `x-${hook}`,
    JSON.stringify(byKind),
  ])
  return Object.fromEntries(headers) as Record<string, string>
}

export type ByKind = Readonly<Record<string, unknown>>

/** The bodies that the upstream was POSTed, as text. */
export function sentTo({ received }: RawUpstream): string[] {
  return received.filter(({ method }) => method === 'POST').map(({ body }) => body.toString())
}

/** The decision log once it has this many lines of the type: an outcome is written after its reply was. */
export async function logged(
  gateway: TestGateway,
  type: string,
  count = 1,
): Promise<[LogLine, ...LogLine[]]> {
  return vi.waitFor(
    async () => {
      const lines = (await gateway.decisions()).filter((line) => line.type === type)
      expect(lines.length).toBeGreaterThanOrEqual(count)
      return lines as [LogLine, ...LogLine[]]
    },
    { interval: 5, timeout: 5000 },
  )
}
