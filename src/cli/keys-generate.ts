import { writeFile } from 'node:fs/promises'
import { generateKeys } from '../bundles/sign.js'
import { CommandError, parseCommandLine } from './command.js'
import { signingAlgorithm } from './signing.js'
import type { Command } from './command.js'

const options = {
  output: {
    type: 'string',
    short: 'o',
    value: 'PREFIX',
    help: 'PREFIX.key.pem and PREFIX.pub.pem are written; by default "policy"',
  },
  alg: {
    type: 'string',
    value: 'ALG',
    help: 'ES256 (the default), ES384, ES512, EdDSA, RS256, PS256, …',
  },
} as const

export const keysGenerate: Command = {
  name: 'keys generate',
  summary: 'Make a pair of keys that signs bundles',
  synopsis: '[-o PREFIX] [--alg ALG]',
  options,
  details: 'The private key is readable by you alone, and no file that is there is overwritten.',
  async run(args, { terminal }) {
    const { values } = parseCommandLine(args, options, [])
    const prefix = values.output ?? 'policy'
    const algorithm = signingAlgorithm(values.alg ?? 'ES256')
    const { privatePem, publicPem } = generateKeys(algorithm)
    const [privateFile, publicFile] = [`${prefix}.key.pem`, `${prefix}.pub.pem`]
    await writeNew(privateFile, privatePem, 0o600)
    await writeNew(publicFile, publicPem, 0o644)
    terminal.out(`${privateFile}\n${publicFile}\n`)
    terminal.err(nextSteps(privateFile, publicFile, algorithm))
    return 0
  },
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const reason = code === 'EEXIST' ? 'it is there already' : code
    throw new CommandError(1, `${path} cannot be written (${reason}): name another with -o`)
  }
}

function nextSteps(privateFile: string, publicFile: string, algorithm: string): string {
  const named = algorithm.startsWith('PS') ? `${publicFile};alg=${algorithm}` : publicFile
  return [
    `Keep ${privateFile} where bundles are built, and nowhere else:`,
    `  portcullis policy build SET -o bundle.tar.gz --sign ${privateFile} --key-id default`,
    'The gateway needs the public one:',
    `  POLICY_VERIFICATION_KEYS='default=${named}' POLICY_REQUIRE_SIGNATURE=true`,
    '',
  ].join('\n')
}
