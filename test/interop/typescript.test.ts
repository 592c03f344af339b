import { describeInterop } from './interop.js'
import { firstTypescriptSdk, secondTypescriptSdk } from './typescript-tellers.js'

describeInterop([
  {
    teller: firstTypescriptSdk(),
    ways: {
      alone: ['web', 'local', 'files'],
      'several as one': ['web', 'local'],
      'behind a host': ['local', 'files'],
    },
  },
  {
    teller: secondTypescriptSdk('legacy'),
    ways: { alone: ['web'], 'several as one': ['files'] },
  },
  {
    teller: secondTypescriptSdk('auto'),
    ways: { alone: ['files'], 'one of several': ['web'] },
  },
  {
    teller: secondTypescriptSdk({ pin: '2026-07-28' }),
    ways: {
      alone: ['web', 'local'],
      'several as one': ['web', 'local'],
      'behind a host': ['local'],
    },
  },
])
