import { basename } from 'node:path'
import { GatewayError } from '../domain/errors.js'
import type { ChildExit } from './stdio-events.js'

/** What a child's end means for the calls that waited for it. The command's arguments may hold secrets, and stay out. */
export function childFailure(exit: ChildExit, command: string): GatewayError {
  switch (exit.type) {
    case 'unstarted':
      return notReached(
        `The command "${basename(command)}" cannot be started${codeOf(exit.cause)}: check its name, its working directory and its permissions`,
        exit.cause,
      )
    case 'exited':
      return unavailable(`The server's process ended with code ${exit.code}`)
    case 'signalled':
      return unavailable(`The server's process was ended by ${exit.signal}`)
  }
}

export function unavailable(message: string): GatewayError {
  return new GatewayError('upstream_unavailable', message)
}

/** Nothing of the call was sent. */
export function notReached(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_unavailable', message, { cause, reached: 'nobody' })
}

export function invalid(message: string): GatewayError {
  return new GatewayError('upstream_invalid', message)
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}

export function deafChild(): GatewayError {
  return notReached('The server does not read what it is sent')
}
