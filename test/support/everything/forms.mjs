/** A default for each primitive type that a form can ask for (SEP-1034). */
export const defaultsForm = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const three = ['option1', 'option2', 'option3']
const titled = [
  { const: 'value1', title: 'The first' },
  { const: 'value2', title: 'The second' },
]

/** Each way in which a form can offer a choice (SEP-1330). */
export const choicesForm = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: three },
    titledSingle: { type: 'string', oneOf: titled },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['The first', 'The second', 'The third'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: three } },
    titledMulti: { type: 'array', items: { anyOf: titled } },
  },
}

export const personForm = {
  type: 'object',
  properties: {
    username: { type: 'string', description: 'A name' },
    email: { type: 'string', description: 'An address' },
  },
  required: ['username', 'email'],
}

/** A form with one required text. */
export function textForm(field) {
  return { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] }
}

/** A form with one required yes or no. */
export function yesOrNoForm(field) {
  return { type: 'object', properties: { [field]: { type: 'boolean' } }, required: [field] }
}
