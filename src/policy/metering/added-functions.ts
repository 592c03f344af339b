import type { Code } from './assembly.js'
import * as wasm from './assembly.js'

/** Indices of what metering adds to a module, behind what the module has of the kind. */
export interface Added {
  readonly fuel: number
  readonly pages: number
  readonly maxPages: number
  readonly refusedPages: number
  /** How far `pages` ever went: what lies below may have been written to. */
  readonly usedPages: number
  readonly size: number
  readonly grow: number
  readonly payForRange: number
}

/** A function from i32s to an i32. */
export interface AddedFunction {
  readonly parameters: 0 | 1
  /** How many locals it has besides, all i32. */
  readonly locals: number
  readonly code: Code
}

/** In the order of their indices: size, grow, payForRange. */
export function addedFunctions(added: Added): readonly AddedFunction[] {
  return [
    { parameters: 0, locals: 0, code: sizeCode(added) },
    { parameters: 1, locals: 3, code: growCode(added) },
    { parameters: 1, locals: 0, code: payForRangeCode(added) },
  ]
}

/** Takes an amount, an expression of an i64, from the fuel, and traps when there was less. */
function payCode(fuel: number, amount: Code): Code {
  return wasm.join(
    ...[wasm.getGlobal(fuel), amount, wasm.subtract64, wasm.setGlobal(fuel)],
    wasm.when(wasm.join(wasm.getGlobal(fuel), wasm.isNegative64), wasm.unreachable),
  )
}

/** What it takes the operating system to give 64 KiB, when they are written to first: a thirtieth of a millisecond. */
const fuelPerPage = 1_000_000

/** The virtual size, which is the real one until the module asks for it the first time. */
function sizeCode({ pages }: Added): Code {
  return wasm.join(
    wasm.when(
      wasm.join(wasm.getGlobal(pages), wasm.isZero),
      wasm.join(wasm.memorySize, wasm.setGlobal(pages)),
    ),
    wasm.getGlobal(pages),
  )
}

/** One for each byte; between what is in the cache of the machine and what is not lies a factor of five. */
function payForRangeCode({ fuel }: Added): Code {
  return wasm.join(payCode(fuel, wasm.join(wasm.get(0), wasm.widen)), wasm.get(0))
}

// The locals of grow.
const delta = 0
const old = 1
const wanted = 2
const real = 3

function growCode(added: Added): Code {
  const { fuel, pages } = added
  const price = wasm.join(
    ...[wasm.get(delta), wasm.widen, wasm.constant64(fuelPerPage), wasm.multiply64],
  )
  return wasm.join(
    ...[wasm.call(added.size), wasm.set(old)],
    wasm.when(wasm.join(wasm.get(delta), wasm.isZero), wasm.join(wasm.get(old), wasm.leave)),
    wasm.when(exceedsLimit(added), refuse(added)),
    payCode(fuel, price),
    ...[wasm.get(old), wasm.get(delta), wasm.add, wasm.set(wanted)],
    growReally(added),
    clearUsed(added),
    ...[wasm.get(wanted), wasm.setGlobal(pages)],
    wasm.get(old),
  )
}

function exceedsLimit({ maxPages }: Added): Code {
  const limit = wasm.getGlobal(maxPages)
  return wasm.join(
    ...[wasm.get(old), limit, wasm.isMore],
    ...[wasm.get(delta), limit, wasm.get(old), wasm.subtract, wasm.isMore],
    wasm.or,
  )
}

/** Leaves with -1. A growth of more pages than there can be is noted as one of all there can be, so that the sum does not wrap. */
function refuse({ refusedPages }: Added): Code {
  const most = wasm.constant(65_536)
  const asked = wasm.join(
    ...[wasm.get(delta), most],
    ...[wasm.get(delta), most, wasm.isLess, wasm.select],
  )
  return wasm.join(
    ...[wasm.get(old), asked, wasm.add, wasm.setGlobal(refusedPages)],
    ...[wasm.constant(-1), wasm.leave],
  )
}

/** Grows the real memory where it is smaller than wanted: to double its size if that can be had, so that it happens seldom. */
function growReally(added: Added): Code {
  const doubled = larger(
    wasm.join(wasm.get(real), wasm.constant(1), wasm.shiftLeft),
    wasm.join(wasm.get(real), wasm.constant(16), wasm.add),
  )
  const generous = smaller(larger(wasm.get(wanted), doubled), wasm.getGlobal(added.maxPages))
  const failsAt = (target: Code) =>
    wasm.join(
      ...[target, wasm.get(real), wasm.subtract, wasm.memoryGrow],
      ...[wasm.constant(-1), wasm.isEqual],
    )
  return wasm.join(
    ...[wasm.memorySize, wasm.set(real)],
    wasm.when(
      wasm.join(wasm.get(wanted), wasm.get(real), wasm.isMore),
      wasm.when(failsAt(generous), wasm.when(failsAt(wasm.get(wanted)), refuse(added))),
    ),
  )
}

/** Clears what an earlier evaluation may have left in the pages handed out: new pages are zero. */
function clearUsed({ usedPages }: Added): Code {
  const used = wasm.getGlobal(usedPages)
  const pageShift = wasm.constant(16)
  const pagesUsed = wasm.join(smaller(used, wasm.get(wanted)), wasm.get(old), wasm.subtract)
  return wasm.join(
    wasm.when(
      wasm.join(wasm.get(old), used, wasm.isLess),
      wasm.join(
        ...[wasm.get(old), pageShift, wasm.shiftLeft],
        wasm.constant(0),
        ...[pagesUsed, pageShift, wasm.shiftLeft],
        wasm.memoryFill,
      ),
    ),
    ...[larger(used, wasm.get(wanted)), wasm.setGlobal(usedPages)],
  )
}

function larger(one: Code, other: Code): Code {
  return wasm.join(one, other, one, other, wasm.isMore, wasm.select)
}

function smaller(one: Code, other: Code): Code {
  return wasm.join(one, other, one, other, wasm.isLess, wasm.select)
}
