import { afterAll, test } from 'vitest'
import { describeInterop } from './interop.js'
import { firstPythonSdk, secondPythonSdk, startPython } from './python-tellers.js'
import { firstTypescriptSdk } from './typescript-tellers.js'

// scripts/python-clients.sh makes both environments, and says what to set.
const python1 = process.env['PORTCULLIS_TEST_PYTHON']
const python2 = process.env['PORTCULLIS_TEST_PYTHON2']

if (python1 === undefined || python2 === undefined) {
  const missing = 'PORTCULLIS_TEST_PYTHON and PORTCULLIS_TEST_PYTHON2 are not both set'
  test.skip(`Python clients, and a Python server: ${missing}`, () => undefined)
} else {
  const first = startPython(python1, 'sdk_v1.py')
  const second = startPython(python2, 'sdk_v2.py')
  afterAll(() => Promise.all([first.close(), second.close()]))
  describeInterop(
    [
      {
        teller: firstPythonSdk(first),
        ways: { alone: ['web'], 'several as one': ['local'], 'behind a host': ['local'] },
      },
      { teller: secondPythonSdk(second, 'legacy'), ways: { alone: ['local'] } },
      {
        teller: secondPythonSdk(second, 'auto'),
        ways: { alone: ['web'], 'several as one': ['local'], 'behind a host': ['time'] },
      },
      { teller: secondPythonSdk(second, '2026-07-28'), ways: { 'several as one': ['web'] } },
      { teller: firstTypescriptSdk(), ways: { 'several as one': ['time'] } },
    ],
    python2,
  )
}
