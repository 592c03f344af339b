import type { Added } from './added-functions.js'
import type { BodyPlan } from './body-plan.js'
import { change } from './body-plan.js'
import { opcode } from './instructions.js'
import type { FunctionPlan } from './function-plans.js'
import type { WasmWriter } from './wasm-writer.js'

/** Writes the body, from its locals on, as planned. */
export function writeBody(
  { body, plan, entryPaid }: FunctionPlan,
  added: Added,
  writer: WasmWriter,
): void {
  let copied = body.at
  for (let index = entryPaid ? 1 : 0; index < plan.what.length; index += 1) {
    if (plan.what[index] === change.pay && plan.weight[index] === 0) continue
    writer.copy(body.bytes, copied, plan.at[index] ?? 0)
    copied = plan.end[index] ?? 0
    writeChange(plan, index, added, writer)
  }
  writer.copy(body.bytes, copied, body.end)
}

function writeChange(plan: BodyPlan, index: number, added: Added, writer: WasmWriter): void {
  const weight = plan.weight[index] ?? 0
  switch (plan.what[index] ?? change.pay) {
    case change.payOrTrap:
      writePayment(added.fuel, weight, writer)
      writeIndexed(opcode.globalGet, added.fuel, writer)
      writer.bytes(trapIfNegative)
      break
    case change.pay:
      writePayment(added.fuel, weight, writer)
      break
    case change.memorySize:
      writeIndexed(opcode.call, added.size, writer)
      break
    case change.memoryGrow:
      writeIndexed(opcode.call, added.grow, writer)
      break
    case change.payForRange:
      writeIndexed(opcode.call, added.payForRange, writer)
      break
  }
}

function writePayment(fuel: number, weight: number, writer: WasmWriter): void {
  writeIndexed(opcode.globalGet, fuel, writer)
  writer.byte(opcode.i64Const)
  writer.signed(weight)
  writer.byte(opcode.i64Sub)
  writeIndexed(opcode.globalSet, fuel, writer)
}

const trapIfNegative = [
  ...[opcode.i64Const, 0, opcode.i64LtS],
  ...[opcode.if, opcode.noResult, opcode.unreachable, opcode.end],
]

function writeIndexed(code: number, index: number, writer: WasmWriter): void {
  writer.byte(code)
  writer.u32(index)
}
