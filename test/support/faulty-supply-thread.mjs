// A supply thread that does as it is told: `known` says how the job is to go.
import process from 'node:process'
import { parentPort, threadId } from 'node:worker_threads'

parentPort.on('message', ({ archive, known }) => {
  switch (known) {
    case 'throw':
      throw new Error('broken')
    case 'exit':
      process.exit(3)
      break
    case 'hang':
      for (;;);
    case 'fill': {
      const full = []
      for (;;) full.push(new Array(100_000).fill(threadId))
    }
  }
  const result = { type: 'opened', digest: String(threadId), archive, result: { type: 'known' } }
  parentPort.postMessage(result)
})
