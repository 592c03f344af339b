import type { Pipeline } from '../domain/ports.js'
import { createTowardsClient, type TowardsClient } from './towards-client.js'
import { createTowardsServer, type TowardsServer } from './towards-server.js'

/** One of the servers that are one. */
export interface Member {
  readonly name: string
  /** Governed already, and speaks every client's era. */
  readonly pipeline: Pipeline
  readonly towardsClient: TowardsClient
  readonly towardsServer: TowardsServer
}

export interface NamedPipeline {
  readonly name: string
  readonly pipeline: Pipeline
}

/** In the order of configuration, which is the order of merged lists. */
export type Members = ReadonlyMap<string, Member>

export function membersOf(servers: readonly NamedPipeline[]): Members {
  return new Map(
    servers.map(({ name, pipeline }) => [
      name,
      {
        name,
        pipeline,
        towardsClient: createTowardsClient(name),
        towardsServer: createTowardsServer(name),
      },
    ]),
  )
}
