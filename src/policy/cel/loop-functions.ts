import { celFunc, CelScalar, isCelList, isCelMap, type CelFunc, type CelValue } from './engine.js'
import { CelReason, meter, spend } from './meter.js'

const { BOOL, DYN, INT } = CelScalar

/** What is woven into conditions: no author can name them. Loops end when the budget does. */
export const loopFunctions: readonly CelFunc[] = [
  // The library lays out all items before the first turn.
  celFunc('@range', [DYN], DYN, (range: CelValue) => {
    if (isCelList(range) || isCelMap(range)) spend(1 + range.size / 4)
    else throw new CelReason('loops run over lists and maps only')
    return range
  }),
  // An error here would be taken for an item's: the loop is to end.
  celFunc('@turn', [BOOL, INT], BOOL, (goesOn, steps) => {
    meter.left -= Number(steps) + stepsPerError
    return goesOn && meter.left >= 0
  }),
  // Errors do not come by here, so that they stay paid for.
  celFunc('@passed', [DYN], DYN, (value: CelValue) => {
    meter.left += stepsPerError
    return value
  }),
  celFunc('@literal', [INT], DYN, (place) => meter.literals[Number(place)] as CelValue),
]

const stepsPerError = 20
