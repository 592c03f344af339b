import { raw } from './arguments.mjs'

const scalar = (random) => random.pick([null, true, 0, 1, 2, raw('1.5'), 'a', 'b', 'x/y', '~', ''])
// Not 0 beside '0', which are one key in JSON.
const oddKey = (random) => random.pick([null, true, raw('5.5'), raw('1.5'), 'x/y'])
const keys = ['a', 'b', 'c', '', 'a/b', '~', '~1', '0', '1', '-', 'é']
const value = (random, depth = 0) =>
  random.pick([
    () => scalar(random),
    () => (depth > 2 ? 1 : random.list(4, () => value(random, depth + 1))),
    () => (depth > 2 ? 1 : new Set(random.list(3, () => value(random, depth + 1)))),
    () =>
      depth > 2
        ? 1
        : new Map(
            random.list(4, () => [
              random.once(7) ? oddKey(random) : random.pick(keys),
              value(random, depth + 1),
            ]),
          ),
  ])()
const document = (random) => {
  for (;;) {
    const made = value(random)
    if (random.once(20) || (typeof made === 'object' && made !== null)) return made
  }
}
/** Without sets, of which a member that is gone ends opa when it is looked at again. */
const plain = (random) => {
  for (;;) {
    const made = document(random)
    if (!hasSet(made)) return made
  }
}
const hasSet = (made) =>
  made instanceof Set ||
  (Array.isArray(made) && made.some(hasSet)) ||
  (made instanceof Map && [...made].flat().some(hasSet))

const index = (random, length) =>
  random.pick([
    0,
    1,
    2,
    length,
    length - 1,
    '-',
    '0',
    '1',
    '2',
    String(length),
    '01',
    '-0',
    '+1',
    '1.0',
    '-1',
    'x',
    '',
    raw('1.0'),
    raw('1e0'),
    raw('0.5'),
    -1,
    null,
    '00',
    '1.',
    '.',
    '１',
  ])

/** The steps to somewhere in it, or to nowhere. */
function steps(random, held) {
  const path = []
  for (let here = held; path.length < 5;) {
    if (path.length > 0 && random.once(3)) return path
    if (Array.isArray(here)) {
      const at = random.once(3) ? index(random, here.length) : random.below(here.length + 1)
      path.push(at)
      here = here[Number(at)]
    } else if (here instanceof Set && here.size > 0) {
      here = random.pick([...here])
      path.push(here)
    } else if (here instanceof Map && here.size > 0) {
      const [key, next] = random.pick([...here])
      path.push(random.once(6) ? random.pick(keys) : key)
      here = next
    } else
      return [...path, random.once(2) ? random.pick(keys) : oddKey(random)].slice(
        0,
        random.once(3) ? path.length || 1 : 9,
      )
  }
  return path
}
const isText = (step) => typeof step === 'string' || (typeof step === 'number' && step >= 0)
const pointer = (random, path) =>
  path.length > 0 && path.every(isText) && !random.once(3)
    ? random.pick(['/', '/', '/', '', '//']) +
      path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    : path
const somewhere = (random, held) => pointer(random, steps(random, held))

function operation(random, held) {
  const op = random.pick(['add', 'add', 'remove', 'replace', 'test', 'copy', 'move'])
  const path = somewhere(random, held)
  const last = Array.isArray(path) ? path.at(-1) : undefined
  const made = { op, path }
  if (op === 'copy' || op === 'move') made.from = somewhere(random, held)
  if (op === 'add' || op === 'replace' || op === 'test')
    made.value = last !== undefined && random.once(3) ? last : value(random, 2)
  if (op === 'test' && random.once(2)) made.value = at(held, path) ?? null
  if (random.once(30)) delete made[random.pick(Object.keys(made))]
  if (random.once(40))
    made[random.pick(Object.keys(made))] = random.pick([null, 1, {}, 'nop', new Set()])
  return made
}
function at(held, path) {
  let here = held
  for (const step of Array.isArray(path) ? path : path.replace(/^\/+/, '').split('/')) {
    if (Array.isArray(here)) here = here[Number(step)]
    else if (here instanceof Set) here = step
    else if (here instanceof Map) here = here.get(step)
    else return undefined
  }
  return here
}
const isWhole = (path) =>
  path === '' || (Array.isArray(path) && path.length === 0) || path === undefined
const operations = (random, held, most) =>
  random
    .list(most, () => operation(random, held))
    .filter((made) => !isWhole(made.path) && !isWhole(made.from ?? 'x'))

const apply = (held, ...made) => [held, made]

export const builtins = {
  'json.patch': {
    count: 2400,
    wild: false, // sets as documents, or the whole as a path, end opa in many ways
    args: (random) => {
      if (random.once(3)) {
        const held = document(random)
        return [
          held,
          operations(random, held, 1).filter(({ op }) => op !== 'move' || !hasSet(held)),
        ]
      }
      const held = plain(random)
      return [
        held,
        operations(random, held, random.once(4) ? 6 : 2).filter((made) => !hasSet(made.value ?? 1)),
      ]
    },
    fixed: [
      [{ a: 1 }, []],
      [{ a: 1 }, {}],
      [{ a: 1 }, null],
      [{ a: 1 }, [1]],
      [null, [{ op: 'test', path: '', value: null }]],
      apply({ a: 1 }, { op: 'add', path: '', value: [1] }),
      apply({ a: 1 }, { op: 'replace', path: '', value: 'x' }),
      apply({ a: 1 }, { op: 'replace', path: [], value: { b: 1 } }),
      apply({ a: { b: 1 } }, { op: 'copy', path: '', from: '/a' }),
      apply({ a: { b: 1 } }, { op: 'copy', path: '/a/c', from: '' }),
      apply({ a: { b: 1 } }, { op: 'move', path: '/a/c', from: '' }),
      apply({ a: { b: 1 } }, { op: 'move', path: '/a/c', from: '/a' }),
      apply({ a: 1 }, { op: 'remove', path: '' }, { op: 'remove', path: '' }),
      apply({ a: 1 }, { op: 'remove', path: '' }, { op: 'test', path: '', value: null }),
      apply({ a: 1 }, { op: 'remove', path: '' }, { op: 'add', path: '', value: 2 }),
      apply([[1], [2], [3]], { op: 'remove', path: '/0' }, { op: 'add', path: '/0/-', value: 9 }),
      apply([1, 2, 3], { op: 'remove', path: '/0' }, { op: 'test', path: '/0', value: 2 }),
      apply([1, 2, 3], { op: 'remove', path: '/0' }, { op: 'test', path: '/0', value: 1 }),
      apply([1, 2, 3], { op: 'remove', path: '/2' }, { op: 'test', path: '/2', value: 3 }),
      apply([1, 2, 3], { op: 'add', path: '/0', value: 0 }, { op: 'test', path: '/3', value: 3 }),
      apply([1, 2, 3], { op: 'add', path: '/0', value: 0 }, { op: 'copy', from: '/2', path: '/-' }),
      apply([1, 2, 3], { op: 'copy', from: '/-', path: '/-' }),
      apply(
        [{ a: 1 }, { a: 2 }],
        { op: 'move', from: '/0', path: '/1' },
        { op: 'test', path: '/1/a', value: 1 },
        { op: 'replace', path: '/0/a', value: 3 },
      ),
      apply(new Set([1, 2]), { op: 'add', path: [3], value: 3 }),
      apply(new Set([1, 2]), { op: 'add', path: [3], value: 4 }),
      apply(new Set([1, 2]), { op: 'add', path: [1], value: raw('1.0') }),
      apply(new Set([1, 2]), { op: 'remove', path: [raw('1.0')] }),
      apply(new Set([1, 2]), { op: 'replace', path: [1], value: 1 }),
      apply(new Set([1, 2]), { op: 'move', from: [1], path: [1] }),
      apply(new Set(['a']), { op: 'add', path: '/b', value: 'b' }),
      apply(new Set(['1']), { op: 'remove', path: '/1' }),
      apply(new Set([{ a: 1 }]), { op: 'add', path: [{ a: 1 }, 'b'], value: 2 }),
      apply(new Set([{ a: 1 }, { a: 1, b: 2 }]), { op: 'add', path: [{ a: 1 }, 'b'], value: 2 }),
      apply(
        new Set([{ a: 1 }]),
        { op: 'add', path: [{ a: 1 }, 'b'], value: 2 },
        { op: 'test', path: [{ a: 1, b: 2 }], value: { a: 1, b: 2 } },
      ),
      apply(
        new Set([{ a: 1 }]),
        { op: 'add', path: [{ a: 1 }, 'b'], value: 2 },
        { op: 'add', path: [{ a: 1 }, 'c'], value: 2 },
      ),
      apply(
        new Set([{ a: 1 }]),
        { op: 'add', path: [{ a: 1 }, 'b'], value: 2 },
        { op: 'add', path: [1], value: 1 },
        { op: 'remove', path: [{ a: 1, b: 2 }] },
      ),
      apply(new Set([[1]]), { op: 'add', path: [[1], '-'], value: 2 }),
      apply(new Map([[1, 'x']]), { op: 'replace', path: [raw('1.0')], value: 'y' }),
      apply(new Map([[1, 'x']]), { op: 'replace', path: '/1', value: 'y' }),
      apply({ a: 1 }, { op: 'add', path: new Set(['a']), value: 2 }),
      apply({ a: 1 }, { op: 'add', path: 1, value: 2 }),
      apply({ a: 1 }, { op: 'ADD', path: '/a', value: 2 }),
      apply({ a: 1 }, { path: '/a', value: 2 }),
      apply({ a: 1 }, { op: 'test', path: '/a' }),
      apply(
        { '~1': 1, '/': 2, '~': 3 },
        { op: 'remove', path: '/~01' },
        { op: 'remove', path: '/~1' },
        { op: 'remove', path: '/~0' },
      ),
      apply({ '': { '': 1 } }, { op: 'remove', path: '/' }),
      apply({ '': { '': 1 } }, { op: 'remove', path: '//' }),
      apply({ '': { '': 1 } }, { op: 'remove', path: ['', ''] }),
      apply({ a: { '': 1 } }, { op: 'remove', path: '/a/' }),
    ],
  },
}
