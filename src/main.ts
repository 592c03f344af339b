#!/usr/bin/env node
import { buffer } from 'node:stream/consumers'
import { runCli } from './cli/cli.js'

// A reader that has seen enough, such as `head`, is no failure of ours.
process.stdout.on('error', () => undefined)
const givenUp = new Promise((resolve) => process.stdout.once('close', resolve))

const exitCode = await runCli(process.argv.slice(2), {
  terminal: {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  },
  env: process.env,
  signals: process,
  readInput: () => buffer(process.stdin),
  openStdio: () => ({ input: process.stdin, output: process.stdout }),
})
// Whatever still hangs on a socket must not keep the process, and nothing that was written may be lost, unless whoever
// wrote it gave it up: standard streams then say that they are closed, and go on waiting for their reader.
process.stdout.write('', () => process.exit(exitCode))
void givenUp.then(() => process.exit(exitCode))
