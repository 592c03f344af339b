import { test } from 'vitest'
import { describeInterop } from './interop.js'
import { firstPythonSdk, secondPythonSdk } from './python-tellers.js'
import { firstTypescriptSdk, secondTypescriptSdk } from './typescript-tellers.js'

// scripts/python-clients.sh makes both environments, and says what to set.
const python1 = process.env['PORTCULLIS_TEST_PYTHON']
const python2 = process.env['PORTCULLIS_TEST_PYTHON2']

if (python1 === undefined || python2 === undefined) {
  test.skip('Python clients and servers: set PORTCULLIS_TEST_PYTHON and PORTCULLIS_TEST_PYTHON2', () =>
    undefined)
} else {
  describeInterop(
    [
      {
        teller: firstPythonSdk(python1),
        ways: { alone: ['web'], 'behind a host': ['local', 'time'] },
      },
      { teller: secondPythonSdk(python2, 'legacy'), ways: { alone: ['web'] } },
      {
        teller: secondPythonSdk(python2, 'auto'),
        ways: { alone: ['web'], 'behind a host': ['local', 'time'] },
      },
      { teller: secondPythonSdk(python2, '2026-07-28'), ways: { alone: ['web'] } },
      { teller: firstTypescriptSdk(), ways: { 'behind a host': ['time'] } },
      { teller: secondTypescriptSdk('auto'), ways: { 'behind a host': ['time'] } },
    ],
    python2,
  )
}
