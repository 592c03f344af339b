import { editJson, type Edit } from '../wire/json-edit.js'
import { decodeLiteral } from '../wire/json-tree-scan.js'

/** Which values of a JSON text are written anew, and how; what no rule reaches stays as it is spelled. */
export interface Rule {
  readonly members?: ReadonlyMap<string, Rule>
  /** Of an array. */
  readonly items?: Rule
  /** Of a string, number or other literal: its new spelling, or that it goes. */
  readonly write?: (literal: string) => string | Removal
}

/** That a value goes from where it stands. */
export const removal = Symbol('removal')
export type Removal = typeof removal

/** The text with the rule carried out; the same Buffer where nothing changed. It was checked to be JSON before. */
export function rewritten(text: Buffer, rule: Rule): Buffer {
  const source = text.toString()
  const edited = editJson<Rule>(source, rule, {
    member: ({ members }, key) => members?.get(key) ?? untouched,
    item: ({ items }) => items ?? untouched,
    editString: editLiteral,
    editValue: (state, literal) => {
      if (literal !== undefined) return editLiteral(state, literal)
      return state.members === undefined && state.items === undefined ? 'keep' : 'enter'
    },
  })
  return edited === source ? text : Buffer.from(edited)
}

function editLiteral({ write }: Rule, literal: string): Edit {
  const written = write?.(literal)
  if (written === undefined || written === literal) return 'keep'
  return typeof written === 'string' ? { text: written } : 'remove'
}

const untouched: Rule = {}

/** A rule for some members of an object. */
export function within(members: Readonly<Record<string, Rule>>): Rule {
  return { members: new Map(Object.entries(members)) }
}

/** A rule for every item of an array. */
export function each(items: Rule): Rule {
  return { items }
}

/** A rule for a string; other values stay. */
export function text(write: (value: string) => string): Rule {
  return {
    write: (literal) =>
      literal.startsWith('"') ? respelled(literal, write(decodeLiteral(literal))) : literal,
  }
}

function respelled(literal: string, value: string): string {
  const old = decodeLiteral(literal)
  // What was only put in front leaves the rest as it was spelled.
  if (value.endsWith(old)) {
    const front = JSON.stringify(value.slice(0, value.length - old.length))
    return front.slice(0, -1) + literal.slice(1)
  }
  return JSON.stringify(value)
}
