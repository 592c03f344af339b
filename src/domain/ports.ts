import type { Answer, Handled } from './answer.js'
import type { Call } from './call.js'
import type { Decision, ListDecision } from './decision.js'
import type { Entry } from './entry.js'
import type { Eras } from './era.js'
import type { SupplyFault } from './errors.js'
import type { Explanation } from './explanation.js'
import type { FieldPath } from './field-path.js'
import type { HangUp } from './hang-up.js'
import type { PolicyInput } from './policy-input.js'
import type { Principal } from './principal.js'
import type { Reply } from './reply.js'
import type { Session, SessionFacts } from './session.js'

/** One revision of policy. Synchronous and pure: no clock, no network. */
export interface Policy {
  readonly revision: string
  /** SHA-256 of the archive it came from, hex. */
  readonly digest: string
  /** Which hooks it has: without `post`, replies are piped unread. */
  readonly hooks: { readonly pre: boolean; readonly post: boolean; readonly list: boolean }
  /** Never throws: what cannot be decided is a `policy_error`. */
  evaluate(input: PolicyInput): Decision
  /** Which items of a page stay (hook `list`). Never throws either. */
  list(input: PolicyInput): ListDecision
  /**
   * Whether it may hide parts of what this tool returns to the caller of `call`, so that results no longer fit the
   * tool's output schema.
   */
  redacts(call: Call, tool: string): boolean
  /**
   * Whether it has anything to say at post of a message of this call's kind and target. Left out: of each, where it has
   * that hook.
   */
  readonly judgesReplies?: ((call: Call) => boolean) | undefined
  /**
   * Whether what it says of a result depends on the call that is answered: then one of which nobody knows the call is
   * withheld. Left out: it says itself what becomes of such a result.
   */
  readonly needsCall?: boolean | undefined
  /** How the decision comes about, where the policy can tell. Slower than `evaluate`, and the same decision. */
  readonly explain?: ((input: PolicyInput) => Explanation) | undefined
  /**
   * Another policy is in force: lets go of memory that only the one in force needs. Calls that began under this one are
   * still decided by it.
   */
  retire(): void
}

/** Whether there is a policy now, and if not, why: only an absent one may fail open. */
export type PolicyState =
  | { readonly state: 'active'; readonly policy: Policy }
  | { readonly state: 'absent'; readonly message: string }
  | { readonly state: 'refused'; readonly fault: SupplyFault; readonly message: string }

/** The policy in force, read once a request. */
export interface PolicySource {
  current(): PolicyState
}

/** An MCP server behind the gateway. */
export interface Upstream {
  readonly name: string
  /**
   * Sends the call's text and gives the reply as soon as its headers are there.
   * @throws GatewayError `upstream_unavailable`, `upstream_timeout`, `upstream_unauthorized`
   */
  send(call: Call, hangUp: HangUp): Promise<Reply>
  /** Opens the server's own stream (GET). */
  listen(stream: StreamRequest, hangUp: HangUp): Promise<Reply>
  /** Answers a request that the server itself made. */
  answer(stream: StreamRequest, text: Buffer): Promise<void>
  /** Ends a session (DELETE). */
  end(stream: StreamRequest, hangUp: HangUp): Promise<Reply>
  close(): Promise<void>
}

/** An upstream that can say which eras its server speaks. */
export interface ProbedUpstream extends Upstream {
  /**
   * Asked of the server once and kept; asked anew where it could not be reached.
   * @throws GatewayError `upstream_unavailable`, `upstream_timeout`, `upstream_unauthorized`
   */
  eras(): Promise<Eras>
}

/** What a request without a body of its own carries. */
export interface StreamRequest {
  readonly session: Session | undefined
  readonly headers: Call['headers']
}

/** What is known of the tools that upstreams offer: learnt from lists that passed. Bounded; what it forgot is unknown. */
export interface Catalog {
  /** Keeps what a `tools/list` result of this server says: `items` are the texts of its tools. */
  learn(server: string, items: readonly Buffer[]): void
  tool(server: string, name: string): KnownTool | undefined
  /**
   * Whether the server may be asked for its tools now in the name of this principal: what it cannot tell is not asked
   * again for a while. `time` in milliseconds.
   */
  mayAsk(server: string, principalId: string, time: number): boolean
}

export interface KnownTool {
  /** The JSON text of its annotations; undefined where it has none. */
  readonly annotations: string | undefined
  /** The arguments that its schema has mirrored in `Mcp-Param-*` headers (`x-mcp-header`). */
  readonly mirrored: readonly MirroredArgument[]
  readonly hasOutputSchema: boolean
  /** What its output schema marks as `sensitive: true`; undefined where it has no output schema that can be read. */
  readonly sensitive: readonly FieldPath[] | undefined
}

export interface MirroredArgument {
  /** The header behind `Mcp-Param-`, as the schema spells it. */
  readonly header: string
  /** Property names from the arguments' root. */
  readonly path: readonly string[]
}

/** A regular expression of a policy: RE2 syntax, linear time. */
export interface Pattern {
  readonly source: string
  /** Text that every match contains, so that a text without it need not be searched; '' where none is known. */
  readonly required: string
  test(text: string): boolean
  /** The same as `test`, and tells what it takes; whoever is told may end it by throwing. */
  search(text: string, effort: SearchEffort): boolean
  /** Replaces every match; `$` in `replacement` has no meaning of its own. */
  replaceAll(text: string, replacement: string): string
}

/** What a search takes beyond one look at each character. */
export interface SearchEffort {
  /** A way through the pattern that no text has taken yet: so many instructions to look at. It is kept for later texts. */
  explore(instructions: number): void
  /** There are too many ways: each character may take every instruction. */
  giveUp(): void
}

export interface Patterns {
  /** @throws Error with a message for policy authors when the source is not RE2 */
  compile(source: string): Pattern
  /** Runs the steps over the texts off the serving thread. */
  rewrite(texts: readonly string[], steps: readonly RewriteStep[]): Promise<readonly string[]>
}

export interface RewriteStep {
  readonly pattern: Pattern
  readonly with: string
}

/** The decision log. `append` resolves when the entry is as durable as configured. */
export interface DecisionLog {
  /** @throws GatewayError `log_unavailable` when the entry could not be written */
  append(entry: Entry): Promise<void>
  close(): Promise<void>
}

/** What a peer presented: its address and headers, names in lower case. */
export interface Presented {
  readonly peerAddress: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether the header (in lower case) was sent more than once. */
  readonly isRepeated: (name: string) => boolean
}

export interface Identified {
  readonly principal: Principal
  readonly requestIp: string
  /** The headers with everything removed that this peer may not say. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Identity {
  /** @throws GatewayError `unauthenticated` */
  authenticate(presented: Presented): Identified
}

/** What happens to a call between the front door and the upstream. */
export interface Pipeline {
  /** @throws GatewayError a refusal, or an upstream that failed */
  handle(call: Call, hangUp: HangUp): Promise<Handled>
  /** A client's own stream (GET): not judged itself; what flows on it is. */
  listen(call: Call, hangUp: HangUp): Promise<Answer>
  /** The end of a session (DELETE). */
  end(call: Call, hangUp: HangUp): Promise<Answer>
}

/** The sessions that pass through this process. They belong to the upstream; what is kept here only describes them. */
export interface Sessions {
  /** Sessions that began here and did not end here. */
  readonly count: number
  /**
   * The session that a request names.
   * @throws GatewayError `session_not_found` where it was issued to another principal
   */
  find(presentedId: string | undefined, principalId: string): Session | undefined
  /** The id under which the client knows a session of the upstream. */
  nameFor(upstreamId: string, principalId: string): string
  begin(upstreamId: string, facts: SessionFacts): void
  facts(session: Session | undefined): SessionFacts | undefined
  forget(session: Session): void
}
