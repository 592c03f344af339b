import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { configFileSchema } from '../../src/config/file-schema.js'
import { pendingSettings } from '../../src/config/pending.js'
import { fillReference } from '../../src/config/reference.js'
import { settingNames, settingOf } from '../../src/config/settings.js'
import { publicKey } from './keys.js'
import { faultsOf } from './read-settings.js'

const folder = new URL('../../docs/reference/', import.meta.url)
const page = readFileSync(new URL('configuration.md', folder), 'utf8')

test('the published schema is the one that the table of settings gives', () => {
  const published: unknown = JSON.parse(readFileSync(new URL('config.schema.json', folder), 'utf8'))
  expect(published).toEqual(configFileSchema())
})

test('the reference page is the one that the table of settings gives', async () => {
  const options = await resolveConfig(new URL('configuration.md', folder))
  expect(page).toBe(await format(fillReference(page), { ...options, parser: 'markdown' }))
})

test('the reference page names each setting, in the environment and in the file', () => {
  for (const name of settingNames) {
    expect(page).toContain(`\`${name}\``)
    expect(page).toContain(`\`${settingOf(name).key}\``)
  }
  for (const name of Object.keys(pendingSettings)) expect(page).toContain(`\`${name}\``)
})

test('the example of the reference page is a configuration that starts', () => {
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? ''
  expect(parse(example)).toHaveProperty('policy.mode', 'enforce')
  const key = 'ab'.repeat(32)
  const files = {
    'g.yaml': example,
    '/run/secrets/upstream-token': 't',
    '/run/secrets/bundle-token': 't',
    '/run/secrets/session-key': key,
    '/etc/portcullis/release.pem': publicKey('ed25519'),
  }
  expect(faultsOf({ flags: { config: 'g.yaml' }, files })).toEqual([])
})

test('the example of a file of bundles is one that starts', () => {
  const examples = Array.from(page.matchAll(/```yaml\n(.*?)```/gs), ([, text = '']) => text)
  const example = examples.find((text) => text.startsWith('bundles:')) ?? ''
  expect(parse(example)).toHaveProperty('bundles.payroll.layer', 'server')
  const files = { 'c/bundles.yaml': example, 'c/payroll.pem': publicKey('ed25519') }
  const env = { POLICY_BUNDLES_FILE: 'c/bundles.yaml', ORGANISATION_TOKEN: 't' }
  expect(faultsOf({ env, files })).toEqual([])
})

test('no setting that holds a secret has a flag', () => {
  const withFlag = settingNames
    .map(settingOf)
    .filter(({ secret, flag }) => secret && flag !== undefined)
  expect(withFlag).toEqual([])
})
