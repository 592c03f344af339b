import {
  CLIENT_CAPABILITIES_META_KEY,
  UrlElicitationRequiredError,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { choicesForm, defaultsForm, personForm, textForm } from './forms.mjs'
import { says } from './samples.mjs'

/**
 * Tools that ask the client for something once. In the modern era the question is the result; in the legacy
 * era the same tools send it as a request on the stream of the call.
 */
export function addInputTools(server) {
  for (const [name, description, key, request] of questions) {
    server.registerTool(name, { description }, ({ mcpReq }) => asked(mcpReq, key, request))
  }
  server.registerTool(
    'test_sampling',
    {
      description: 'Has the model of the client answer a prompt',
      inputSchema: z.object({ prompt: z.string() }),
    },
    ({ prompt }, { mcpReq }) => asked(mcpReq, 'answer', sampling(prompt)),
  )
  server.registerTool(
    'test_elicitation',
    {
      description: 'Has the user fill in a form',
      inputSchema: z.object({ message: z.string() }),
    },
    ({ message }, { mcpReq }) => asked(mcpReq, 'person', form(message, personForm)),
  )
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks only for what the client can do' },
    ({ mcpReq }) => askWhatIsPossible(server, mcpReq),
  )
  server.registerTool(
    'elicit_aside',
    {
      description:
        'Asks on the stream on which the client listens, not on that of the call (legacy)',
    },
    async () => {
      const { action } = await server.server.elicitInput({
        message: 'Yes?',
        requestedSchema: {
          type: 'object',
          properties: {},
        },
      })
      return says(action)
    },
  )
  server.registerTool(
    'elicit_url_first',
    { description: 'Refuses until the user has been to a page (legacy: error -32042)' },
    () => {
      const elicitationId = 'sign-in'
      throw new UrlElicitationRequiredError([{ ...page, mode: 'url', elicitationId }])
    },
  )
}

const form = (message, requestedSchema) => inputRequired.elicit({ message, requestedSchema })
const sampling = (text) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens: 100,
  })
const page = { message: 'Sign in first', url: 'https://sign-in.example/start' }

const questions = [
  [
    'test_elicitation_sep1034_defaults',
    'Shows a form that is filled in already',
    'form',
    form('Is this right?', defaultsForm),
  ],
  [
    'test_elicitation_sep1330_enums',
    'Shows a form with choices of each kind',
    'form',
    form('Which ones?', choicesForm),
  ],
  [
    'test_input_required_result_elicitation',
    'Asks for a name',
    'user_name',
    form('What is your name?', textForm('name')),
  ],
  [
    'test_input_required_result_sampling',
    'Asks the model of the client',
    'capital_question',
    sampling('What is the capital of France?'),
  ],
  [
    'test_input_required_result_list_roots',
    'Asks for the roots of the client',
    'client_roots',
    inputRequired.listRoots(),
  ],
  [
    'test_streaming_elicitation',
    'Asks for a name while its client waits on a stream',
    'user_name',
    form('What is your name?', textForm('name')),
  ],
  [
    'test_missing_capability',
    'Asks the model of a client that may have none',
    'answer',
    sampling('Anybody there?'),
  ],
  ['elicit_url', 'Sends the user to a page', 'page', inputRequired.elicitUrl(page)],
]

function asked(mcpReq, key, request) {
  const response = inputResponse(mcpReq.inputResponses, key)
  return response.kind === 'missing'
    ? inputRequired({ inputRequests: { [key]: request } })
    : says(told(response))
}

function told(response) {
  switch (response.kind) {
    case 'elicit':
      return `${response.action} ${JSON.stringify(response.content ?? {})}`
    case 'sampling':
      return `${response.result.model}: ${JSON.stringify(response.result.content)}`
    default:
      return response.roots.map(({ uri }) => uri).join(' ')
  }
}

function askWhatIsPossible(server, mcpReq) {
  const atStart = server.server.getClientCapabilities()
  const can = mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? atStart ?? {}
  const inputRequests = {
    ...(can.sampling && { answer: sampling('What can you do?') }),
    ...(can.elicitation && { user_name: form('What is your name?', textForm('name')) }),
    ...(can.roots && { client_roots: inputRequired.listRoots() }),
  }
  const isOver = mcpReq.inputResponses !== undefined || Object.keys(inputRequests).length === 0
  return isOver ? says('Nothing more to ask') : inputRequired({ inputRequests })
}
