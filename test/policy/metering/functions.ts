import { constant, i32, typeOf } from './modules.js'
import type { FunctionParts } from './modules.js'

const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const unary = { parameters: [i32], results: [i32] }

/** Every control structure and every layout of immediates, each in a function of one number that calls those before it. */
export const functions: Readonly<Record<string, FunctionParts>> = {
  'a loop that sums': {
    ...unary,
    locals: 1,
    code: [
      ...[0x03, 0x40, ...get(0), 0x04, 0x40],
      ...[...get(1), ...get(0), 0x6a, ...set(1), ...get(0), ...constant(1), 0x6b, ...set(0)],
      ...[0x0c, 1, 0x0b, 0x0b, ...get(1)],
    ],
  },
  'a loop that takes and gives several values': {
    ...unary,
    code: [
      ...[...get(0), ...constant(1), 0x03, 11, 0x6a, 0x22, 0, ...get(0)],
      ...[...get(0), ...constant(50), 0x49, 0x0d, 0, 0x0b, 0x6a],
    ],
  },
  'arms that give several values': {
    ...unary,
    code: [
      ...[...get(0), ...constant(1), 0x71, 0x04, 12, ...get(0), ...constant(3), 0x05],
      ...[...constant(5), ...get(0), 0x0b, 0x6c],
    ],
  },
  'a table of branches': {
    ...unary,
    code: [
      ...[0x02, 0x40, 0x02, 0x40, 0x02, 0x40, ...get(0), 0x0e, 2, 0, 1, 2, 0x0b],
      ...[...constant(10), 0x0f, 0x0b, ...constant(20), 0x0f, 0x0b, ...constant(30)],
    ],
  },
  'a call of itself': {
    ...unary,
    code: [
      ...[...get(0), ...constant(2), 0x49, 0x04, i32, ...constant(1), 0x05, ...get(0)],
      ...[...get(0), ...constant(1), 0x6b, 0x10, 4, 0x6c, 0x0b],
    ],
  },
  'a call by way of the table': { ...unary, code: [...get(0), ...constant(0), 0x11, 0, 0] },
  'references, chosen by type': {
    ...unary,
    code: [0xd2, 0, 0xd0, 0x70, ...get(0), 0x1c, 1, 0x70, 0xd1],
  },
  'saturating truncation, sign extension and constants of every type': {
    ...unary,
    code: [
      ...[0x44, 0, 0, 0, 0, 0, 0, 0x24, 0x40, 0xfc, 0x02, 0x43, 0, 0, 0x20, 0x41, 0xfc, 0x00],
      ...[0x6a, ...get(0), 0xc0, 0x6a, 0x42, 0xff, 0x80, 0x80, 0x80, 0x10, 0xa7, 0x6a],
    ],
  },
  vectors: {
    ...unary,
    code: [
      ...[0xfd, 0x0c, ...Array<number>(16).fill(3), ...get(0), 0xfd, 0x0f, 0xfd, 0x6e],
      ...[...get(0), 0xfd, 0x0f, 0xfd, 0x0d, ...Array<number>(16).fill(17), 0xfd, 0x16, 15],
    ],
  },
  'copies and fills of memory': {
    ...unary,
    code: [
      ...[...constant(0), ...get(0), ...constant(8), 0xfc, 0x0b, 0],
      ...[...constant(8), ...constant(0), ...constant(3), 0xfc, 0x08, 0, 0],
      ...[...constant(6), ...constant(1), ...constant(9), 0xfc, 0x0a, 0, 0],
      ...[...constant(4), 0x28, 2, 0],
    ],
  },
  'the size of the memory, grown': {
    ...unary,
    code: [...get(0), ...constant(1), 0x71, 0x40, 0, 0x3f, 0, 0x6a],
  },
}

/** Behind those of the functions: 11 and 12. */
export const blockTypes = [typeOf([i32, i32], [i32, i32]), typeOf([], [i32, i32])]
