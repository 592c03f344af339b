import { randomUUID } from 'node:crypto'
import { createCatalog } from '../catalog/catalog.js'
import { createClassifier, createDryRunArguments } from '../catalog/configured-tools.js'
import { createToolFacts } from '../catalog/tool-facts.js'
import { settings } from '../config/settings.js'
import type { ClassifyTool } from '../domain/action-class.js'
import type { Call } from '../domain/call.js'
import type { DecisionEntry } from '../domain/entry.js'
import { createCallDescriber } from '../domain/policy-input.js'
import { targetOf } from '../domain/operation.js'
import type { PolicyCase } from '../domain/policy-case.js'
import type { Patterns, Pipeline, Policy, Upstream } from '../domain/ports.js'
import type { Permitted } from '../pipeline/admit.js'
import { createDeclines } from '../pipeline/declines.js'
import { createListChanges } from '../pipeline/list-changes.js'
import type { KnownTask } from '../pipeline/parts.js'
import { createPipeline } from '../pipeline/pipeline.js'
import { createCorrelation } from '../sessions/correlation.js'
import { createOpenCalls } from '../sessions/open-calls.js'
import { openSeal } from '../sessions/seal.js'
import { createTaskMemory } from '../sessions/task-memory.js'

export interface CaseGatewayParts {
  readonly policy: Policy
  readonly patterns: Patterns
  readonly upstream: Upstream
  /** Tools as the upstream lists them, as JSON. */
  readonly tools: readonly string[]
  readonly decided: (entry: DecisionEntry) => void
}

/** The way of a call through a gateway, with the knowledge that the case gives of its tool and nothing kept before. */
export function createCaseGateway(told: PolicyCase, call: Call, parts: CaseGatewayParts): Pipeline {
  const { policy, patterns, upstream, decided } = parts
  const { server, tool, circumstances, mode } = told
  const policies = { current: () => ({ state: 'active', policy }) as const }
  const now = (): number => circumstances.time
  const catalog = createCatalog()
  catalog.learn(
    server,
    [...parts.tools, ...listedTool(told, call)].map((text) => Buffer.from(text)),
  )
  // What a case says of annotations is what a trusted server would say.
  const trusted = new Set(tool.annotations === undefined ? [] : [server])
  const classify = classifierOf(told, call)
  const events = { decided, upstreamAnswered: ignore, upstreamFailed: ignore }
  return createPipeline({
    ...{ mode, policies, patterns, upstream, catalog, trusted, events, now },
    failMode: 'closed',
    describe: createCallDescriber('all', createToolFacts({ catalog, trusted, classify })),
    dryRunArgumentOf: createDryRunArguments(configured(told, call)),
    maxMessageBytes: settings.MAX_MESSAGE_BYTES.default,
    serverRequests: createCorrelation(few),
    declines: createDeclines({ upstream, events }),
    openCalls: createOpenCalls<Permitted>({ calls: few, bytes: fewBytes, events: few }),
    toolLists: new Map(),
    listChanges: createListChanges({ policies, now, maxBytes: fewBytes }),
    taskSeal: openSeal,
    tasks: createTaskMemory<KnownTask>({ tasks: few, bytes: fewBytes }),
    unknownMethods: 'pass',
    telling: { style: 'http', detail: 'full' },
    log: { append: () => Promise.resolve(), close: () => Promise.resolve() },
    newId: randomUUID,
  })
}

const few = 16
const fewBytes = 1024 * 1024
const ignore = (): void => undefined

/** What the tool of the case does, for decisions about it. */
export function classifierOf(told: PolicyCase, call: Call): ClassifyTool {
  return createClassifier(configured(told, call), new Set([told.server]))
}

function configured({ server, tool }: PolicyCase, call: Call) {
  const { actionClass, dryRunArgument } = tool
  const name = targetOf(call.operation)?.name ?? ''
  return [{ server, tool: name, actionClass, dryRunArgument }]
}

/** The called tool as `tools/list` has it; none where the case says nothing of it. */
function listedTool({ tool }: PolicyCase, { operation }: Call): readonly string[] {
  const { annotations, outputSchema } = tool
  if (operation.type !== 'tool' || (annotations ?? outputSchema) === undefined) return []
  return [JSON.stringify({ name: operation.name, annotations, outputSchema })]
}
