import { inputRequired, inputResponse } from '@modelcontextprotocol/server'
import { textForm, yesOrNoForm } from './forms.mjs'
import { says } from './samples.mjs'

/** Tools that keep their place between the rounds in a state that the client carries and cannot change. */
export function addRoundTools(server, states) {
  const begin = async (inputRequests, round) =>
    inputRequired({ inputRequests, requestState: await states.mint({ round }) })

  for (const name of [
    'test_input_required_result_request_state',
    'test_input_required_result_tampered_state',
  ]) {
    server.registerTool(name, { description: 'Asks once and keeps a state' }, ({ mcpReq }) =>
      isAnswered(mcpReq, ['confirm']) && mcpReq.requestState() !== undefined
        ? says('state-ok')
        : begin({ confirm: elicit('Are you sure?', yesOrNoForm('ok')) }, 1),
    )
  }
  server.registerTool(
    'test_input_required_result_multiple_inputs',
    { description: 'Asks for three things at a time' },
    ({ mcpReq }) =>
      isAnswered(mcpReq, Object.keys(threeThings)) ? says('Thank you') : begin(threeThings, 1),
  )
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks for one thing after the other' },
    ({ mcpReq }) => {
      const done = mcpReq.requestState()?.round ?? 0
      if (done === 2 && isAnswered(mcpReq, ['step2'])) return says('Thank you')
      return done === 1 && isAnswered(mcpReq, ['step1'])
        ? begin({ step2: elicit('What is your favourite colour?', textForm('color')) }, 2)
        : begin({ step1: elicit('What is your name?', textForm('name')) }, 1)
    },
  )
}

const elicit = (message, requestedSchema) => inputRequired.elicit({ message, requestedSchema })

const threeThings = {
  user_name: elicit('What is your name?', textForm('name')),
  greeting: inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: 'Think of a greeting' } }],
    maxTokens: 50,
  }),
  client_roots: inputRequired.listRoots(),
}

function isAnswered({ inputResponses }, keys) {
  return keys.every((key) => inputResponse(inputResponses, key).kind !== 'missing')
}
