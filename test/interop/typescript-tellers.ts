import type { VersionNegotiationMode } from '@modelcontextprotocol/client'
import { renamed } from './renamed.js'
import { connectV1 } from './sdk-v1.js'
import { connectV2 } from './sdk-v2.js'
import { stories } from './stories.js'
import type { StoryClient, Target } from './story-client.js'
import type { Teller } from './telling.js'

export function firstTypescriptSdk(): Teller {
  return teller('TypeScript SDK 1', false, connectV1)
}

export function secondTypescriptSdk(mode: VersionNegotiationMode): Teller {
  const how = typeof mode === 'string' ? mode : `only ${mode.pin}`
  const connect = (target: Target) => connectV2(target, mode)
  return teller(`TypeScript SDK 2, ${how}`, mode !== 'legacy', connect)
}

function teller(
  name: string,
  isModern: boolean,
  connect: (target: Target) => Promise<StoryClient>,
): Teller {
  return {
    name,
    isModern,
    meantToFail: [
      'errors.unknownTool',
      'errors.unknownPrompt',
      'errors.missingArgument',
      'errors.unknownResource',
      'cancellation.waiting',
      'a page before everything else',
    ],
    tell: async ({ story, target, naming }) => {
      const client = await connect(target)
      try {
        if (naming === undefined) return await stories[story](client)
        if (client.era === 'legacy') await client.asked.next(naming.askedByOthers)
        return await stories[story](renamed(client, naming))
      } finally {
        await client.close()
      }
    },
  }
}
