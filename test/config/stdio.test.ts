import { describe, expect, test } from 'vitest'
import { loadStdioConfig } from '../../src/config/load.js'
import { readerOf } from './read-settings.js'

function load(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}) {
  const server = { name: 'files', command: ['npx', 'server', '--', '$x'] } as const
  return loadStdioConfig({ flags: {}, env, readFile: readerOf(files) }, server)
}

function configOf(env: Readonly<Record<string, string>>) {
  const loaded = load(env)
  if (loaded.ok) return loaded.config
  throw new Error(loaded.faults.join('\n'))
}

describe('the configuration of portcullis stdio', () => {
  test('has the command as its one upstream, word for word', () => {
    expect(configOf({}).upstreams).toMatchObject([
      {
        name: 'files',
        target: { type: 'stdio', command: 'npx', args: ['server', '--', '$x'], cwd: undefined },
        auth: { type: 'none' },
      },
    ])
  })

  test('hands the environment of the host on, without the secrets of the gateway', () => {
    const env = { GITHUB_TOKEN: 'g', POLICY_BUNDLE_TOKEN: 'b', POLICY_BUNDLE_URL: 'http://[::1]/x' }
    const [{ target }] = configOf({ ...env, SESSION_KEY: 'ab'.repeat(32) }).upstreams
    expect(target).toMatchObject({
      env: { GITHUB_TOKEN: 'g', POLICY_BUNDLE_URL: 'http://[::1]/x' },
    })
    expect(target.type === 'stdio' && Object.keys(target.env)).toEqual([
      'GITHUB_TOKEN',
      'POLICY_BUNDLE_URL',
    ])
  })

  test('writes decisions to stderr, and opens no port', () => {
    const { decisionLog, ops } = configOf({})
    expect([decisionLog.destination, ops]).toEqual([{ type: 'stderr' }, undefined])
  })

  test('opens the ops port that is asked for', () => {
    expect(configOf({ OPS_PORT: '9000' }).ops).toEqual({ host: '127.0.0.1', port: 9000 })
  })

  test('keeps another destination of decisions', () => {
    const { destination } = configOf({ DECISION_LOG: './d.log' }).decisionLog
    expect(destination).toEqual({ type: 'file', path: './d.log' })
  })

  test.each([
    [{ DECISION_LOG: 'stdout' }, /DECISION_LOG is stdout, where nothing but MCP may be written/],
    [{ UPSTREAM_URL: 'http://x.example' }, /UPSTREAM_URL is set and would not be used/],
    [{ UPSTREAMS_FILE: 'm.json' }, /UPSTREAMS_FILE is set and would not be used/],
    [
      { AUTH_MODE: 'trusted-headers', TRUSTED_PROXIES: '::1' },
      /AUTH_MODE has trusted-headers.*--user-context/,
    ],
    [{ POLICY_BUNDLE_SHA256: 'ab'.repeat(32) }, /there is no bundle/],
    [{ POLICY_MODE: 'x' }, /POLICY_MODE is "x"/],
  ])('%j does not start', (env, fault) => {
    expect(load(env)).toEqual({ ok: false, faults: [expect.stringMatching(fault)] })
  })
})
