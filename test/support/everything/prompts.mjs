import { completable, inputRequired, inputResponse } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { textForm } from './forms.mjs'
import { png } from './samples.mjs'

const words = ['paris', 'park', 'party', 'test', 'testimony']

/** Prompts with each kind of content and argument, one of which asks the user first. */
export function addPrompts(server) {
  server.registerPrompt('test_simple_prompt', { description: 'One text' }, () =>
    prompts({ type: 'text', text: 'A plain prompt' }),
  )
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Repeats its arguments',
      argsSchema: z.object({
        arg1: completable(z.string(), (value) => words.filter((word) => word.startsWith(value))),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => prompts({ type: 'text', text: `First '${arg1}', then '${arg2}'` }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'Carries a resource',
      argsSchema: z.object({ resourceUri: z.string() }),
    },
    ({ resourceUri }) =>
      prompts(
        {
          type: 'resource',
          resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Inside' },
        },
        { type: 'text', text: 'Read the resource above' },
      ),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'Carries a picture' }, () =>
    prompts({ type: 'image', ...png }, { type: 'text', text: 'Look at the picture above' }),
  )
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks the user before it says anything' },
    ({ mcpReq }) => {
      const answer = inputResponse(mcpReq.inputResponses, 'user_context')
      return answer.kind === 'missing'
        ? inputRequired({ inputRequests: { user_context: question } })
        : prompts({ type: 'text', text: JSON.stringify(answer) })
    },
  )
}

const question = inputRequired.elicit({
  message: 'What is it about?',
  requestedSchema: textForm('context'),
})

function prompts(...contents) {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}
