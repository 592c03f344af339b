import type { JsonValue } from '../domain/json.js'
import type { PatchOperation } from '../domain/obligation.js'

/** What one operation does with one place. */
export type Touch =
  | { readonly type: 'sets'; readonly place: Place; readonly value: JsonValue }
  /** With what stood elsewhere. */
  | { readonly type: 'fills'; readonly place: Place }
  | { readonly type: 'removes'; readonly place: Place }
  | { readonly type: 'reads'; readonly place: Place }

/** The tokens of a JSON pointer (RFC 6901), the writable root first. */
export type Place = readonly string[]

export function touchesOf(operation: PatchOperation): readonly Touch[] {
  const place = tokensOf(operation.path)
  switch (operation.op) {
    case 'add':
    case 'replace':
      return [{ type: 'sets', place, value: operation.value }]
    case 'remove':
      return [{ type: 'removes', place }]
    case 'test':
      return [{ type: 'reads', place }]
    case 'copy':
      return [
        { type: 'reads', place: tokensOf(operation.from) },
        { type: 'fills', place },
      ]
    case 'move':
      return [
        { type: 'removes', place: tokensOf(operation.from) },
        { type: 'fills', place },
      ]
  }
}

export function tokensOf(path: string): Place {
  const [, ...tokens] = path.split('/')
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

export function pointer(place: Place): string {
  return place.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Whether a token can count the items of an array. */
export function isPosition(token: string | undefined): boolean {
  return token !== undefined && /^(?:-|[0-9]+)$/.test(token)
}
