import { describe, expect, test } from 'vitest'
import { configOf, faultsOf, load, type Given } from './read-settings.js'

/** A gateway whose upstreams stand in a file. */
function withFile(content: unknown, env: Readonly<Record<string, string>> = {}): Given {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return { upstream: false, env: { UPSTREAMS_FILE: 'm.json', ...env }, files: { 'm.json': text } }
}

function server(given: unknown, env: Readonly<Record<string, string>> = {}): Given {
  return withFile({ mcpServers: { s: given } }, env)
}

const url = 'https://weather.example/mcp'

describe('a file of upstreams', () => {
  test('holds servers over HTTP and programs, in its order, as MCP hosts write them', () => {
    const given = withFile(
      {
        mcpServers: {
          weather: { type: 'http', url, headers: { 'X-Api-Key': '${WEATHER_KEY}' } },
          files: {
            command: 'npx',
            args: ['-y', 'server-filesystem', '${HOME_DIR:-/srv/files}'],
            env: { TOKEN: 'a${WEATHER_KEY}b' },
            cwd: '/srv',
            trusted: true,
            era: 'legacy',
            timeoutMs: 5000,
          },
          plain: { type: 'streamable-http', url },
        },
      },
      { WEATHER_KEY: 'k', UPSTREAM_TIMEOUT_MS: '7' },
    )
    const shared = { maxMessageBytes: 16_777_216, trusted: false, era: undefined }
    expect(configOf(given).upstreams).toEqual([
      {
        name: 'weather',
        target: { type: 'url', url },
        auth: { type: 'static', headers: { 'x-api-key': 'k' } },
        timeoutMs: 7,
        ...shared,
      },
      {
        name: 'files',
        target: {
          type: 'stdio',
          command: 'npx',
          args: ['-y', 'server-filesystem', '/srv/files'],
          env: { TOKEN: 'akb' },
          cwd: '/srv',
        },
        auth: { type: 'none' },
        timeoutMs: 5000,
        ...shared,
        trusted: true,
        era: 'legacy',
      },
      {
        name: 'plain',
        target: { type: 'url', url },
        auth: { type: 'none' },
        timeoutMs: 7,
        ...shared,
      },
    ])
  })

  test('may be YAML, and --upstreams names it too', () => {
    const config = configOf({
      upstream: false,
      flags: { upstreams: 'm.yaml' },
      files: { 'm.yaml': `mcpServers:\n  weather:\n    url: ${url}\n` },
    })
    expect(config.upstreams.map(({ name }) => name)).toEqual(['weather'])
  })

  test('a server that is disabled is left out, whatever its variables lack', () => {
    const given = withFile({
      mcpServers: { on: { url }, off: { command: '${NOT_SET}', disabled: true } },
    })
    expect(configOf(given).upstreams.map(({ name }) => name)).toEqual(['on'])
  })

  test('with it, --demo supplies no upstream', () => {
    const { upstreams } = configOf({ ...server({ url }), flags: { demo: true } })
    expect(upstreams).toMatchObject([{ name: 's', target: { type: 'url' } }])
  })

  test('the configuration of its servers is frozen', () => {
    const [{ target }] = configOf(server({ command: 'a', args: ['b'] })).upstreams
    expect(target.type === 'stdio' && Object.isFrozen(target.args)).toBe(true)
  })
})

describe('variables', () => {
  test.each([
    ['${A}', 'x'],
    ['${A:-d}', 'x'],
    ['${B:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY}', ''],
    ['${B:-}', ''],
    ['${B:-http://x:1}', 'http://x:1'],
    ['$A $$ ${A}${A}', '$A $$ xx'],
  ])('%j becomes %j', (written, text) => {
    const given = server({ command: 'c', args: [written] }, { A: 'x', EMPTY: '' })
    expect(configOf(given).upstreams[0].target).toMatchObject({ args: [text] })
  })

  test('what a variable holds is not looked through again', () => {
    const given = server({ command: 'c', args: ['${A}'] }, { A: '${HOME}' })
    expect(configOf(given).upstreams[0].target).toMatchObject({ args: ['${HOME}'] })
  })

  test('one that is not set is named with its place', () => {
    expect(faultsOf(server({ command: 'c', env: { K: '${NOT_SET}' } }))).toEqual([
      'The file of upstreams m.json, server "s": env.K needs the variable NOT_SET, which is not set: set it, or write ${NOT_SET:-default}',
    ])
  })

  test.each(['${input:key}', '${A', '${}', '${A-b}'])('%j names none', (written) => {
    const [fault = ''] = faultsOf(server({ command: 'c', args: [written] }, { A: 'x' }))
    expect(fault).toContain('names no variable: write ${NAME} or ${NAME:-default}')
  })
})

describe('faults', () => {
  const file = 'The file of upstreams m.json'

  test('are told all at once, each with its server', () => {
    const given = withFile({
      mcpServers: {
        a: { url, command: 'x' },
        b__c: { url },
        d: { ur: url },
        e: { url: 'ftp://x' },
        A: { url },
      },
    })
    expect(faultsOf(given)).toEqual([
      expect.stringMatching(/server "b__c": this cannot be the name/),
      expect.stringMatching(/server "A": "a" differs only in case/),
      expect.stringMatching(/server "a": url and command are both there/),
      expect.stringMatching(/server "d": there is no member "ur".*did you mean url\?/),
      expect.stringMatching(/server "d": url and command are both missing/),
      expect.stringMatching(/server "e": url cannot be used/),
    ])
  })

  test.each(['a_', '_a', '-a', 'a b', 'a/b', 'ä', '', 'x'.repeat(65), 'a__b'])(
    '%j is no name of a server',
    (name) => {
      expect(faultsOf(withFile({ mcpServers: { [name]: { url } } }))[0]).toMatch(
        /cannot be the name of a server/,
      )
    },
  )

  test.each(['a', 'a_b', 'A.b-c', '7', 'x'.repeat(64)])('%j is one', (name) => {
    const given = withFile({ mcpServers: { [name]: { url } } })
    expect(configOf(given).upstreams[0].name).toBe(name)
  })

  test.each([
    ['', /has no servers: give \{"mcpServers"/],
    ['{}', /has no servers/],
    ['[]', /has no servers/],
    ['{"mcpServers": {}}', /has no servers/],
    ['{"mcpServers": []}', /has no servers/],
    ['{"mcpServer": {}}', /has mcpServer, which is not read here.*did you mean mcpServers\?/],
    ['{"mcpServers": {"a": {"disabled": true, "url": "x"}}}', /only disabled servers/],
    ['{"mcpServers": {"a": 7}}', /server "a": give a mapping/],
    ['{', /is not valid YAML: \S+ at line 1/],
    [
      `{"mcpServers": {"a": {"url": "${url}"}, "a": {"url": "${url}"}}}`,
      /has a key twice at line 1/,
    ],
  ])('%s', (text, fault) => {
    expect(faultsOf(withFile(text))).toContainEqual(expect.stringMatching(fault))
  })

  test('a file that is not there is one', () => {
    const given = { upstream: false, env: { UPSTREAMS_FILE: 'n.json' } }
    expect(faultsOf(given)).toEqual([
      'The file of upstreams n.json cannot be read (ENOENT): there is no such file; check the path',
    ])
  })

  test.each([
    [{ url, type: 'sse' }, /type sse is the transport that Streamable HTTP replaced/],
    [{ url, type: 'ws' }, /type cannot be used: give http, streamable-http or stdio/],
    [{ url, type: 'stdio' }, /type stdio does not go with url/],
    [{ command: 'x', type: 'http' }, /type http does not go with command/],
    [{ command: 'x', headers: { a: 'b' } }, /headers does not go with command: remove it/],
    [{ url, args: ['a'] }, /args does not go with url: remove it/],
    [{ command: '' }, /command cannot be used/],
    [{ command: '${A}' }, /command is empty/],
    [{ command: 'x', args: 'y' }, /args cannot be used: give a list of texts/],
    [{ command: 'x', args: [1] }, /args cannot be used/],
    [{ command: 'x\0y' }, /command has a NUL character/],
    [{ command: 'x', env: { K: 1 } }, /env cannot be used/],
    [{ command: 'x', env: { 'K=': 'v' } }, /cannot be a variable/],
    [{ command: 'x', disabled: 'no' }, /disabled cannot be used: give true or false/],
    [{ url, trusted: 'yes' }, /trusted cannot be used/],
    [{ url, era: 'ancient' }, /era cannot be used: give legacy or modern/],
    [{ url, timeoutMs: 0 }, /timeoutMs cannot be used: give a whole number from 1/],
    [{ url: 'https://u:p@x.example' }, /url cannot be used/],
    [{ url, headers: { 'a b': 'c' } }, /header "a b" is no header name/],
    [{ url, headers: { 'Mcp-Session-Id': 'c' } }, /is said by the gateway itself/],
    [{ url, headers: { host: 'c' } }, /is said by the gateway itself/],
    [{ url, headers: { a: 'b', A: 'c' } }, /header "A" is there twice/],
    [{ url, headers: { a: 'b\nc' } }, /has a value that cannot be sent/],
    [{ url, headers: { a: '' } }, /has a value that cannot be sent/],
  ])('%j', (given, fault) => {
    const faults = faultsOf(server(given, { A: '' }))
    expect(faults).toEqual([expect.stringMatching(fault)])
    expect(faults[0]).toContain(`${file}, server "s": `)
  })

  test('never show what a header, a variable or an address holds', () => {
    const secret = 'hunter2'
    const given = withFile(
      {
        mcpServers: {
          a: { url: `https://u:${secret}@x.example/${secret}`, headers: { a: `${secret}\n` } },
          b: { command: 'x', env: { 'K=': secret, B: '${NO}' } },
          c: { command: 'x', args: [`\${bad name:-${secret}}`] },
          d: { url, headers: { Host: secret }, env: { a: secret } },
          e: { url: '${ADDRESS}' },
        },
      },
      { ADDRESS: `ftp://${secret}` },
    )
    const faults = faultsOf(given)
    expect(faults.length).toBeGreaterThan(5)
    expect(faults.join('\n')).not.toContain(secret)
  })
})

describe('the file beside other settings', () => {
  const headers = { Authorization: 'Bearer t' }

  test.each([
    [server({ url }, { UPSTREAM_URL: url }), /UPSTREAM_URL and UPSTREAMS_FILE are both set/],
    [server({ url }, { UPSTREAM_TOKEN: 't' }), /UPSTREAM_TOKEN is for UPSTREAM_URL/],
    [server({ url }, { UPSTREAM_AUTH: 'static' }), /no server of UPSTREAMS_FILE has headers/],
    [
      server({ url, headers }, { UPSTREAM_AUTH: 'none' }),
      /UPSTREAM_AUTH is none, and server "s" of UPSTREAMS_FILE has headers/,
    ],
    [server({ url, headers }, { UPSTREAM_AUTH: 'passthrough' }), /has headers/],
    [
      withFile({ mcpServers: { a: { url }, b: { url } } }, { UPSTREAM_AUTH: 'passthrough' }),
      /has 2 servers: a caller's token is meant for one of them/,
    ],
  ])('%j contradicts it', (given, fault) => {
    expect(faultsOf(given)).toEqual([expect.stringMatching(fault)])
  })

  test('headers imply UPSTREAM_AUTH=static, and may stand beside it', () => {
    for (const env of [{}, { UPSTREAM_AUTH: 'static' }]) {
      expect(load(server({ url, headers }, env))).toMatchObject({
        ok: true,
        config: {
          upstreams: [{ auth: { type: 'static', headers: { authorization: 'Bearer t' } } }],
        },
      })
    }
  })

  test("one server may get the caller's own token, and a program never does", () => {
    const env = { UPSTREAM_AUTH: 'passthrough' }
    expect(configOf(server({ url }, env)).upstreams[0].auth).toEqual({ type: 'passthrough' })
    expect(configOf(server({ command: 'x' }, env)).upstreams[0].auth).toEqual({ type: 'none' })
  })
})
