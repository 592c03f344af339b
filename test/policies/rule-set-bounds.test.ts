import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { differencesIn, type Told } from './told-cases.js'

const rulesOf = (set: string): Promise<string> =>
  readFile(new URL(`../../policies/${set}/rules.yaml`, import.meta.url), 'utf8')

describe('each word of a long list counts', () => {
  const words = (text: string): readonly string[] => text.split(' ')
  const ends = 'pem key p12 pfx jks keystore kdbx ppk ovpn'
  const names =
    'id_rsa id_dsa id_ecdsa id_ed25519 secret secrets credentials password passwd shadow token'
  const run =
    'a.sh a.bash a.zsh a.ps1 a.bat a.cmd a.service Makefile justfile Jenkinsfile Dockerfile.dev package.json pyproject.toml setup.py conftest.py'
  const changing =
    'insert update delete merge replace into create refresh declare execute exec analyze share'
  const catalogs =
    'pg_authid pg_shadow pg_user_mapping pg_hba_file_rules pg_file_settings pg_settings pg_stat_activity pg_stat_statements pg_largeobject mysql.user sys.sql_logins sys.credentials'
  const functions =
    'count sum min max avg coalesce nullif abs round lower upper length trim substring concat date_trunc extract to_char now cast row_number rank lag lead string_agg array_agg'
  const ask = (sql: string) => ({
    user: { id: 'a', roles: ['analyst'] },
    call: { tool: 'query', args: { sql } },
  })
  const write = (path: string) => ({
    user: { id: 'a', roles: ['author'] },
    call: { tool: 'write_file', args: { path: `/srv/projects/${path}`, content: '' } },
  })
  const push = (branch: string) => ({
    user: { id: 'a', roles: ['developer'] },
    call: { tool: 'git_push', args: { path: '/srv/repositories/a', branch } },
  })
  const deny = (rule: string) => ({ expect: { effect: 'deny', rules: rule } })

  test.each<readonly [set: string, what: string, told: readonly Told[]]>([
    [
      'filesystem',
      'endings of secret files',
      words(ends).map((end) => ({ ...write(`a.${end}`), ...deny('no-secret-files') })),
    ],
    [
      'filesystem',
      'names of secret files',
      words(names).map((name) => ({ ...write(name), ...deny('no-secret-files') })),
    ],
    [
      'filesystem',
      'files that are run',
      words(run).map((name) => ({
        ...write(name),
        expect: { effect: 'ask', rules: 'what-runs-is-approved' },
      })),
    ],
    [
      'git',
      'protected branches',
      words('main master trunk production release release-2 release.2 release/2').map((branch) => ({
        ...push(branch),
        ...deny('protected-branches'),
      })),
    ],
    [
      'database-read-only',
      'words that change',
      words(changing).map((word) => ({ ...ask(`select 1 ${word} x`), ...deny('nothing-changes') })),
    ],
    [
      'database-read-only',
      'catalogs',
      words(catalogs).map((name) => ({
        ...ask(`select * from ${name}`),
        ...deny('no-catalogs-of-secrets'),
      })),
    ],
    [
      'database-read-only',
      'functions',
      words(functions).map((name) => ({ ...ask(`select ${name}(x) from y`), expect: 'allow' })),
    ],
  ])('%s: %s', async (set, _what, told) => {
    const rules = await rulesOf(set)
    expect(await differencesIn(rules, ...told)).toEqual([])
  })
})

describe('what is as long as it may be is judged within the budget', () => {
  const words = (length: number): string =>
    'through a task- and a key '.repeat(length).slice(0, length)
  const asked = 'select count(*), round(avg(total)) from orders where id in (1, 2) '
  const statement = asked + `and note = '${words(1700)}' and (${'(1) = (1) or '.repeat(40)}(2) = 2)`

  test.each<readonly [set: string, user: object, tool: string, args: object]>([
    ['egress-secrets', {}, 'write_file', { path: 'a', content: words(150_000) }],
    [
      'filesystem',
      { roles: ['author'] },
      'write_file',
      { path: '/srv/projects/a', content: words(200_000) },
    ],
    [
      'git',
      { roles: ['developer'] },
      'git_commit',
      { path: '/srv/repositories/a', message: words(5_000) },
    ],
    ['database-read-only', { roles: ['analyst'] }, 'query', { sql: statement }],
  ])('%s', async (set, user, tool, args) => {
    const rules = await rulesOf(set)
    const told = { user: { id: 'a', ...user }, call: { tool, args }, expect: 'allow' }
    expect(await differencesIn(rules, told)).toEqual([])
  })
})
