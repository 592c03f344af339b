import { describeInterop } from './interop.js'
import { firstTypescriptSdk, secondTypescriptSdk } from './typescript-tellers.js'

describeInterop([
  {
    teller: firstTypescriptSdk(),
    ways: {
      alone: ['web', 'local', 'files'],
      'one of several': ['web', 'local'],
      'several as one': ['web', 'local', 'files'],
      'behind a host': ['local', 'files'],
    },
  },
  {
    teller: secondTypescriptSdk('legacy'),
    ways: { alone: ['web', 'local'], 'several as one': ['web', 'local'] },
  },
  {
    teller: secondTypescriptSdk('auto'),
    ways: { alone: ['web', 'files'], 'several as one': ['files'], 'behind a host': ['files'] },
  },
  {
    teller: secondTypescriptSdk({ pin: '2026-07-28' }),
    ways: {
      alone: ['web', 'local'],
      'one of several': ['web', 'local'],
      'several as one': ['web', 'local'],
      'behind a host': ['local', 'files'],
    },
  },
])
