import { createPatterns } from '../policy/patterns.js'
import { callTold } from './call-told.js'
import { decidingOf, refuses, runThroughGateway, type CaseRun } from './case-run.js'
import { decisionText } from './explanation-text.js'
import { connectLiveServer } from './live-server.js'
import { compileLocally, judgeLocally } from './local-policy.js'
import { openPolicyPath } from './policy-path.js'
import { refusalText, type Refusal } from './refusal-text.js'
import { printResult, toolResult } from './result-text.js'
import { explainRun, stepLines } from './run-explanation.js'
import type { JsonObject } from '../domain/json.js'
import type { Principal } from '../domain/principal.js'
import type { ExitCode, Terminal } from './command.js'

export interface CalledTool {
  readonly name: string
  readonly args: JsonObject
}

export interface JudgedCall {
  readonly path: string
  readonly opa: string | undefined
  readonly tool: CalledTool
  readonly user: Principal
  readonly target: {
    /** Undefined where the call is not sent. */
    readonly url: URL | undefined
    readonly headers: Readonly<Record<string, string>>
    readonly server: string
  }
  readonly asJson: boolean
  readonly terminal: Terminal
}

/**
 * Judges a call here. Without a server it tells the decision before the call is sent; with one it sends what the policy
 * permits, and prints what the policy leaves of the result.
 * @throws PolicySupplyError
 * @throws CommandError
 */
export async function judgeCall(judged: JudgedCall): Promise<ExitCode> {
  const { target, terminal } = judged
  const { bundle } = await openPolicyPath(judged.path, judged.opa)
  const policy = await compileLocally(bundle)
  const server =
    target.url === undefined ? undefined : await connectLiveServer(target.url, target.headers)
  const patterns = createPatterns()
  try {
    const told = callTold({
      ...judged.tool,
      user: judged.user,
      server: target.server,
      ip: '127.0.0.1',
      isLive: server !== undefined,
    })
    const run = await runThroughGateway(told, { policy, patterns, server })
    terminal.err(stepLines(explainRun(run, policy)))
    const [asked] = run.asked
    if (server === undefined && asked !== undefined) {
      const { decision, report } = judgeLocally(policy, asked)
      terminal.out(`${JSON.stringify(report, undefined, 2)}\n`)
      return refuses(decision) ? 1 : 0
    }
    return tell(run, judged)
  } finally {
    await patterns.close()
    await server?.close()
  }
}

function tell(run: CaseRun, { asJson, terminal }: JudgedCall): ExitCode {
  const { released, fault } = run
  const deciding = decidingOf(run)
  if (released !== undefined) {
    const value = JSON.parse(released.text) as Refusal
    if (!released.isError) return printResult(toolResult(value), asJson, terminal)
    terminal.err(refusalText(value))
  } else {
    const why = fault ?? (deciding === undefined ? 'no answer' : decisionText(deciding))
    terminal.err(`refused: ${why}\n`)
  }
  return 1
}
