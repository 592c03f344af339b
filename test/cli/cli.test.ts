import { expect, test } from 'vitest'
import { commands } from '../../src/cli/cli.js'
import { settingNames } from '../../src/config/settings.js'
import { run } from './run-command.js'

test.each(['--help', '-h'])('%s lists every command', async (flag) => {
  const { exitCode, out } = await run([flag])
  expect(exitCode).toBe(0)
  for (const { name } of commands) expect(out).toContain(`  ${name} `)
})

test.each(commands.map(({ name }) => name))(
  '%s --help tells its usage and every flag',
  async (name) => {
    const { exitCode, out } = await run([...name.split(' '), '--help'])
    const command = commands.find((candidate) => candidate.name === name)
    expect(exitCode).toBe(0)
    expect(out).toContain(`Usage: portcullis ${name}`)
    for (const flag of Object.keys(command?.options ?? {})) expect(out).toContain(`--${flag}`)
  },
)

test.each(commands.map(({ name }) => name))(
  '%s --help has short lines and no marks of Markdown',
  async (name) => {
    const { out } = await run([...name.split(' '), '--help'])
    expect(out.split('\n').filter((line) => line.length > 100 || /\]\(|`/.test(line))).toEqual([])
  },
)

test('policy --help lists the commands of that family', async () => {
  const { exitCode, out } = await run(['policy', '--help'])
  expect(exitCode).toBe(0)
  expect(out).toContain('policy build')
  expect(out).not.toContain('serve  ')
})

test('serve --help names every setting', async () => {
  const { out } = await run(['serve', '-h'])
  for (const name of settingNames) expect(out).toContain(name)
})

test('--version names the version', async () => {
  expect(await run(['--version'])).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^[0-9]+\.[0-9]+\.[0-9]+\n$/) as string,
  })
})

test.each([
  [[], /Usage: portcullis COMMAND/],
  [['srve'], /no command "srve"; did you mean "portcullis serve"\?/],
  [['policy', 'chek'], /did you mean "portcullis policy check"\?/],
  [['policy'], /"policy" needs one more word: "policy new"/],
  [['stdio'], /command of the server is missing; write it behind --/],
  [['stdio', 'npx', 'x'], /command of the server is missing; write it behind --/],
  [['stdio', '--'], /command of the server is missing/],
  [['stdio', '--port', '1', '--', 'x'], /no flag --port/],
  [['stdio', 'npx', '--', 'x'], /nothing to do with "npx"/],
  [['stdio', '--server', 'a__b', '--', 'x'], /--server a__b cannot be a name/],
  [['stdio', '--user-context', '[]', '--', 'x'], /JSON object/],
  [['policy', 'tset', 'x'], /no command "policy tset"; did you mean "portcullis policy test"/],
  [['--port', '1', 'serve'], /a command has to come before --port/],
  [['serve', '--prot', '1'], /no flag --prot; did you mean --port\?/],
  [['serve', 'extra'], /nothing to do with "extra"/],
  [['serve', '--port'], /argument missing/],
  [['policy', 'build', 'x'], /Say with -o where/],
  [['policy', 'build', '-o', 'y'], /SET is missing/],
  [['policy', 'inspect', 'x', '--format', 'xml'], /no format xml/],
  [['policy', 'eval', '--input', 'x'], /--bundle/],
  [['policy', 'eval', '--bundle', 'x'], /--input/],
  [['call'], /TOOL is missing/],
  [['call', 't', '--param', '=1'], /has no name/],
  [['call', 't', '--param', 'a=1', '--param', 'a=2'], /there twice/],
  [['call', 't', '--param', 'a:=x'], /followed by JSON/],
  [['call', 't', '--param', 'a=12345678901234567890'], /cannot send 12345678901234567890 exactly/],
  [['call', 't', '--param', 'a=1e400'], /cannot send 1e400 exactly/],
  [['call', 't', '--user-context', '[]'], /JSON object/],
  [['call', 't', '--user-context', '@/nope'], /\/nope .* cannot be read/],
  [['call', 't', '--user-context', '{"id":"a","roles":["a,b"]}'], /a comma separates/],
  [['call', 't', '--user-context', '{"id":"a\\nb"}'], /control character/],
  [['call', 't', '--url', 'ftp://x'], /no http or https URL/],
  [['call', 't', '--header', 'x'], /'Name: value'/],
])('%j is wrong usage: exit 2, with what to do', async (argv, message) => {
  const { exitCode, out, err } = await run(argv)
  expect(err).toMatch(message)
  expect([exitCode, out]).toEqual([2, ''])
})
