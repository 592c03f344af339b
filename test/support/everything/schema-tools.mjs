import { fromJsonSchema } from '@modelcontextprotocol/server'
import { says } from './samples.mjs'

/** Tools whose input schemas say more than most: each of their keywords has to reach the client. */
export function addSchemaTools(server) {
  server.registerTool(
    'json_schema_2020_12_tool',
    {
      description: 'How a person can be reached',
      inputSchema: fromJsonSchema(contact),
    },
    () => says('Reached'),
  )
  server.registerTool(
    'test_header_parameter',
    {
      description: 'Takes one argument that is mirrored into a header',
      inputSchema: fromJsonSchema(mirrored),
    },
    ({ region }) => says(`Region ${region}`),
  )
}

const contact = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

const mirrored = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
}
