import type { Option } from './command.js'

/** With what arguments a tool is called, and by whom. */
export const callOptions = {
  param: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'An argument: JSON where it is JSON, else a text; NAME:=JSON takes JSON only',
  },
  'user-context': {
    type: 'string',
    value: 'JSON|@FILE',
    help: 'Who calls: {"id", "roles", "teams", "claims"}; other members are claims too',
  },
} as const satisfies Record<string, Option>
