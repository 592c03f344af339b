import { z } from 'zod'
import { png, says, wav } from './samples.mjs'

/** Tools that answer at once, with each kind of content. The runner calls the first one that is listed. */
export function addContentTools(server) {
  for (const [name, description, content] of contents) {
    server.registerTool(name, { description }, () => ({ content }))
  }
  server.registerTool(
    'test_error_handling',
    { description: 'Fails, in words that a model can read' },
    () => ({ ...says('This tool always fails'), isError: true }),
  )
  server.registerTool(
    'echo',
    {
      description: 'Says what it was told',
      inputSchema: z.object({ text: z.string() }),
      annotations: { readOnlyHint: true },
    },
    ({ text }) => says(text),
  )
  server.registerTool(
    'add',
    {
      description: 'Adds two numbers',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      outputSchema: z.object({ sum: z.number() }),
    },
    ({ a, b }) => ({ ...says(String(a + b)), structuredContent: { sum: a + b } }),
  )
}

const note = { uri: 'test://note', mimeType: 'text/plain', text: 'A note inside a result' }
const contents = [
  ['test_simple_text', 'One text', [{ type: 'text', text: 'A plain text' }]],
  ['test_image_content', 'One picture', [{ type: 'image', ...png }]],
  ['test_audio_content', 'One sound', [{ type: 'audio', ...wav }]],
  ['test_embedded_resource', 'One resource', [{ type: 'resource', resource: note }]],
  [
    'test_multiple_content_types',
    'A text, a picture and a resource',
    [
      { type: 'text', text: 'Several things' },
      { type: 'image', ...png },
      { type: 'resource', resource: note },
    ],
  ],
]
