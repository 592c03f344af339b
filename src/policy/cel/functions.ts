import { collectionFunctions } from './collection-functions.js'
import {
  CelScalar,
  celFunc,
  celMethod,
  isCelError,
  standardFunctions,
  type CelFunc,
  type CelValue,
} from './engine.js'
import { loopFunctions } from './loop-functions.js'
import { numberFunctions } from './number-functions.js'
import { networkFunctions } from './network-functions.js'
import { spend, unitsPerStep } from './meter.js'
import { textFunctions } from './text-functions.js'
import { timeFunctions } from './time-functions.js'

/** Every function that conditions may call, each of which pays for what it does before it does it. */
export function celFunctions(): readonly CelFunc[] {
  return [
    ...standardFunctions().filter(readsText).map(paid),
    ...collectionFunctions,
    ...numberFunctions,
    ...textFunctions,
    ...networkFunctions,
    ...timeFunctions,
    ...loopFunctions,
  ]
}

/** All others take the same time whatever their operands are. */
function readsText({ name, target, arguments: parameters }: CelFunc): boolean {
  const types = [target, ...parameters]
  return conversions.has(name) || types.some((type) => type === STRING || type === BYTES)
}

const { BYTES, STRING } = CelScalar

/** The same function, which first pays for the length of its operands. */
function paid(original: CelFunc): CelFunc {
  const { name, target, arguments: parameters, result } = original
  const call = (on: CelValue | undefined, operands: readonly CelValue[]): CelValue => {
    const fixed = conversions.has(name) ? stepsPerConversion : 0
    spend(operands.reduce<number>((sum, one) => sum + lengthOf(one), fixed + lengthOf(on)))
    const given = original.call(0, on, [...operands])
    if (given === undefined || isCelError(given)) throw given ?? new Error('no such overload')
    return given
  }
  if (target === undefined) {
    return celFunc(name, parameters, result, (...operands: CelValue[]) => call(undefined, operands))
  }
  return celMethod(name, target, parameters, result, function (...operands: CelValue[]) {
    return call(this, operands)
  })
}

// These write or read by way of the library's own JSON.
const conversions = new Set(['timestamp', 'duration', 'string'])
const stepsPerConversion = 40

function lengthOf(value: CelValue | undefined): number {
  const isSequence = typeof value === 'string' || value instanceof Uint8Array
  return isSequence ? value.length / unitsPerStep : 0
}
