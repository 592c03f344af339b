import { ResourceTemplate } from '@modelcontextprotocol/server'
import { png } from './samples.mjs'

/** Resources of each kind; who watches one in the legacy era is kept in `subscribed`. */
export function addResources(server, subscribed) {
  for (const { name, uri, mimeType, description, content } of resources) {
    server.registerResource(name, uri, { mimeType, description }, () => ({
      contents: [{ uri, mimeType, ...content }],
    }))
  }
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', {
      list: undefined,
      complete: { id: (value) => ['123', '124', '200'].filter((id) => id.startsWith(value)) },
    }),
    { mimeType: 'application/json', description: 'Whatever has an id' },
    ({ href }, { id }) => ({
      contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify({ id }) }],
    }),
  )
  server.server.setRequestHandler('resources/subscribe', ({ params }) => {
    subscribed.add(params.uri)
    return {}
  })
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri)
    return {}
  })
}

const resources = [
  {
    name: 'text',
    uri: 'test://static-text',
    mimeType: 'text/plain',
    description: 'A text that never changes',
    content: { text: 'A text that never changes' },
  },
  {
    name: 'binary',
    uri: 'test://static-binary',
    mimeType: png.mimeType,
    description: 'A picture that never changes',
    content: { blob: png.data },
  },
  {
    name: 'watched',
    uri: 'test://watched-resource',
    mimeType: 'text/plain',
    description: 'A text that is worth watching',
    content: { text: 'Nothing has happened yet' },
  },
]
