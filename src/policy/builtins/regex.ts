import { compileExpression, isSmallSearch } from '../regex-engine.js'
import type { Expression, Match, Work } from '../regex-engine.js'
import type { RegoValue } from '../rego-value.js'
import type { Builtin, Builtins, Charge, Moment } from './builtin.js'
import { asInteger, asText } from './operands.js'
import { expand, readReplacement } from './regex-expand.js'
import { programSize } from './regex-size.js'
import { templatePattern } from './regex-template.js'

/** Regular expressions as Go has them; what a search costs is charged while it runs. */
export const regex: Builtins = {
  'regex.split': ofPattern(({ texts: [pattern = '', text = ''], find }) => {
    const found = find(pattern, text, -1)
    return found && split(text, found.matches, pattern === '')
  }),
  'regex.find_n': ofPattern(({ texts: [pattern = '', text = ''], rest: [count], find }) => {
    const most = asInteger(count)
    if (most === undefined) return undefined
    return find(pattern, text, most)?.matches.map(([start, end]) => text.slice(start, end))
  }),
  'regex.replace': ofPattern(
    ({ texts: [text = '', pattern = ''], rest: [with_], find, charge }) => {
      const replacement = asText(with_)
      if (replacement === undefined) return undefined
      const found = find(pattern, text, -1)
      return found && replace(text, found, replacement, charge)
    },
  ),
  'regex.template_match': ofPattern(({ texts: [template = '', text = ''], rest, find }) => {
    const [start, end] = rest.map(asText)
    if (start?.length !== 1 || end?.length !== 1 || start > '\x7f' || end > '\x7f') return undefined
    const { pattern, inner } = templatePattern(template, start, end) ?? {}
    if (pattern === undefined || inner?.every((part) => find(`^${part}$`, '', 0)) !== true) {
      return undefined
    }
    const found = find(pattern, text, 1)
    return found && found.matches.length > 0
  }),
}

interface Found {
  readonly matches: readonly Match[]
  readonly groups: Expression['groups']
}

interface Task {
  /** The first two arguments. */
  readonly texts: readonly string[]
  readonly rest: readonly RegoValue[]
  /** Undefined where the pattern is none. */
  readonly find: (pattern: string, text: string, most: number) => Found | undefined
  readonly charge: Charge
}

function ofPattern(run: (task: Task) => RegoValue | undefined): Builtin {
  return {
    cost: (bytes) => 3_000 + bytes * 30,
    call([first, second, ...rest], moment, charge) {
      const texts = [first, second].map(asText).filter((text) => text !== undefined)
      if (texts.length < 2) return undefined
      const find: Task['find'] = (pattern, text, most) => {
        const expression = expressions.of(pattern, moment, charge)
        if (expression === undefined) return undefined
        const matches = expression.matches(text, most, workOf(expression, text, charge))
        return { matches, groups: expression.groups }
      }
      return run({ texts, rest, find, charge })
    },
  }
}

const expressions = createExpressions()

interface Expressions {
  of(pattern: string, moment: Moment, charge: Charge): Expression | undefined
}

/** Each decision pays once for each pattern, whether it is kept from another decision or not. */
function createExpressions(): Expressions {
  const kept = new Map<string, Expression>()
  const paid = new Set<string>()
  let payer: Moment | undefined
  return {
    of(pattern, moment, charge) {
      if (payer !== moment) paid.clear()
      payer = moment
      if (!paid.has(pattern)) {
        charge(20_000 + pattern.length * 500 + programSize(pattern) * 4_000)
        paid.add(pattern)
      }
      const known = kept.get(pattern)
      if (known !== undefined) return known
      const expression = compiled(pattern)
      if (expression !== undefined && expression.size <= largestKept)
        keep(kept, pattern, expression)
      return expression
    },
  }
}

const largestKept = 5000
const keptExpressions = 500

function keep(kept: Map<string, Expression>, pattern: string, expression: Expression): void {
  const [oldest] = kept.keys()
  if (kept.size >= keptExpressions && oldest !== undefined) kept.delete(oldest)
  kept.set(pattern, expression)
}

function compiled(pattern: string): Expression | undefined {
  try {
    return compileExpression(withoutRepeatedNames(pattern))
  } catch {
    return undefined
  }
}

/** Go lets several groups have one name, and takes the first of them for it. */
function withoutRepeatedNames(pattern: string): string {
  const names = new Set<string>()
  return pattern.replace(namedGroup, (token: string, name: string | undefined) => {
    if (name === undefined) return token
    if (names.has(name)) return '('
    names.add(name)
    return token
  })
}

// What is quoted, escaped or in a class is stepped over; a class that does not end reaches to the end.
const namedGroup =
  /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\\[^]|\[:[^:\]]*:\]|[^\]\\])*\]?|\(\?P?<(\w+)>/g

// The engine visits every instruction at every unit of a text that is long for the program.
function workOf({ size }: Expression, text: string, charge: Charge): Work {
  const isSmall = isSmallSearch(size, text.length)
  const stepNs = isSmall ? 80 + 3 * size : 100 + 40 * size
  // A small one clears a bit for each instruction at each unit before it begins.
  const searchNs = isSmall ? 800 + (size * text.length) / 40 : 2_000
  let steps = 0
  return {
    search: () => charge(searchNs),
    skip: (units) => charge(20 + units / 4),
    step() {
      steps += 1
      if (steps % stepsAtOnce === 1) charge(stepNs * stepsAtOnce)
    },
  }
}

// Charged before they are made.
const stepsAtOnce = 64

function split(
  text: string,
  matches: readonly Match[],
  isEmptyPattern: boolean,
): readonly string[] {
  if (text === '' && !isEmptyPattern) return ['']
  const parts: string[] = []
  let begin = 0
  let end = 0
  for (const [start = 0, stop = 0] of matches) {
    end = start
    if (stop !== 0) parts.push(text.slice(begin, end))
    begin = stop
  }
  if (end !== text.length) parts.push(text.slice(begin))
  return parts
}

function replace(
  text: string,
  { matches, groups }: Found,
  replacement: string,
  charge: Charge,
): string {
  const pieces = readReplacement(replacement, groups)
  const parts: string[] = []
  let last = 0
  for (const match of matches) {
    const [start = 0, end = 0] = match
    const written = expand(pieces, text, match)
    charge(200 + pieces.length * 150 + written.length * 20)
    parts.push(text.slice(last, start), written)
    last = end
  }
  parts.push(text.slice(last))
  return parts.join('')
}
