import { isDeepStrictEqual } from 'node:util'
import { isPosition, type Touch } from './combine-touches.js'

/** The places that one patch touches. Takes time by the length of the patches, not by their product. */
export interface Places {
  /** Whether another patch may touch this place as well, before or after. */
  allow(touch: Touch): boolean
}

export function createPlaces(touches: readonly Touch[]): Places {
  const root = createNode()
  for (const touch of touches) add(root, touch)
  return { allow: (touch) => allows(root, touch) }
}

interface PlaceNode {
  readonly inside: Map<string, PlaceNode>
  readonly here: Touch[]
  /** Something inside, or the value itself, is written. */
  isWritten: boolean
  /** Items of an array may be put in or taken out here, so that others move. */
  movesItems: boolean
}

function createNode(): PlaceNode {
  return { inside: new Map(), here: [], isWritten: false, movesItems: false }
}

function add(root: PlaceNode, touch: Touch): void {
  const { place } = touch
  let node = root
  for (const [index, token] of place.entries()) {
    if (writes(touch)) {
      node.isWritten = true
      if (index === place.length - 1 && isPosition(token)) node.movesItems = true
    }
    const next = node.inside.get(token) ?? createNode()
    node.inside.set(token, next)
    node = next
  }
  if (writes(touch)) node.isWritten = true
  node.here.push(touch)
}

function allows(root: PlaceNode, touch: Touch): boolean {
  let node = root
  for (const [index, token] of touch.place.entries()) {
    if (node.here.some((other) => writes(touch) || writes(other))) return false
    if (isPosition(token)) {
      if (node.movesItems) return false
      const isLast = index === touch.place.length - 1
      if (isLast && writes(touch) && [...node.inside.keys()].some(isPosition)) return false
    }
    const next = node.inside.get(token)
    if (next === undefined) return true
    node = next
  }
  if (node.inside.size > 0 && (writes(touch) || node.isWritten)) return false
  return node.here.every((other) => isSame(touch, other))
}

function isSame(one: Touch, other: Touch): boolean {
  if (one.type === 'sets' && other.type === 'sets') {
    return isDeepStrictEqual(one.value, other.value)
  }
  return !writes(one) && !writes(other)
}

function writes({ type }: Touch): boolean {
  return type !== 'reads'
}
