import { answering, enforcing, startRuled, withClaims, type RuledGateway } from './rules-gateway.js'

/** Gateways that enforce one file of rules each, until they are closed. */
export interface RuledScenes {
  /** @param rules undefined for a path that names nothing */
  readonly ruled: (rules: string | undefined, around?: Around) => Promise<RuledGateway>
  readonly close: () => Promise<void>
}

export interface Around {
  /** What the server answers to everything. */
  readonly result?: string
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
}

export function createRuledScenes(): RuledScenes {
  const open: RuledGateway[] = []
  return {
    ruled: async (rules, { result = done, env = {}, files = {} } = {}) => {
      const texts = rules === undefined ? undefined : { 'rules.yaml': rules }
      const settings = { ...enforcing, ...env }
      const started = await startRuled(texts, answering(result), settings, files)
      open.push(started)
      return started
    },
    close: async () => {
      for (const each of open.splice(0)) await each.close()
    },
  }
}

const done = '{"content":[{"type":"text","text":"done"}]}'

/** The status and the error of a call; `headers` say who calls. */
export async function asked(
  { gateway }: RuledGateway,
  call: string,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const reply = await gateway.post(call, headers)
  const { error } = (await reply.json()) as { error?: object }
  return { status: reply.status, ...error }
}

export const denyOthers = `
tool:
  name: employee_data
  policies:
    input:
      - condition: "user.department != 'hr'"
        action: deny
        reason: HR department only
`
export const hr = withClaims('hal@example.org', { department: 'hr', role: 'clerk' })
export const sales = withClaims('sal@example.org', { department: 'sales', role: 'clerk' })
