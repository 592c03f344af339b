import type { DecisionLog } from '../domain/ports.js'
import { createArgsRecord } from './args.js'
import type { ActionClassOf } from './call-record.js'
import { createLines } from './lines.js'
import { type Destination, openSink } from './sink.js'
import { createWriter, type Durability } from './writer.js'

export interface DecisionLogOptions {
  readonly config: {
    readonly destination: Destination | { readonly type: 'off' }
    readonly args: 'digest' | 'masked' | 'full'
    /** Field paths that `masked` hides. */
    readonly mask: readonly string[]
    readonly durability: Durability
  }
  readonly actionClassOf: ActionClassOf
  /** A write of `records` lines failed. */
  readonly onFailure: (error: unknown, records: number) => void
  /** Writing works again after it failed. */
  readonly onRecovery: () => void
  /** How long a reader may take nothing before those who wait for it are told that the log failed. */
  readonly stallMs?: number
}

/** The decision log as the gateway holds it. `close` writes what is held and gives up on what cannot be written. */
export interface WrittenDecisionLog extends DecisionLog {
  /** Lines not yet written. */
  queued(): number
  /**
   * Opens a file anew under its name, for log rotation. The old one stays in use where that fails.
   * @throws GatewayError `log_unavailable`
   */
  reopen(): void
}

/**
 * One JSON object a line, in the order of `append`.
 * @throws GatewayError `log_unavailable` when the destination cannot be opened
 */
export function createDecisionLog(options: DecisionLogOptions): WrittenDecisionLog {
  const { config, actionClassOf, onFailure, onRecovery, stallMs = 5000 } = options
  const { destination, durability } = config
  const line = createLines(createArgsRecord(config.args, config.mask), actionClassOf)
  if (destination.type === 'off') return off
  const sink = openSink(destination)
  const writer = createWriter({ sink, durability, stallMs, onFailure, onRecovery })
  let seq = 0
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    await writer.close()
    sink.close()
  }

  return {
    append(entry) {
      seq += 1
      try {
        return writer.append(line(entry, seq))
      } catch (thrown) {
        return writer.refuse('it could not be written out', thrown)
      }
    },
    queued: () => writer.queued(),
    reopen() {
      writer.flush()
      sink.reopen()
    },
    close: () => (closing ??= close()),
  }
}

const done = Promise.resolve()

const off: WrittenDecisionLog = {
  append: () => done,
  queued: () => 0,
  reopen: () => undefined,
  close: () => done,
}
