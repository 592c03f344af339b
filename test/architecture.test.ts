import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const src = new URL('../src', import.meta.url).pathname

interface Import {
  readonly file: string
  readonly from: string
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
)
const imports: readonly Import[] = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\b[^'";]*?from '([^']+)'|import\('([^']+)'\)/g,
  )
  return [...found].map((match) => ({ file, from: match[1] ?? match[2] ?? '' }))
})

const folderOf = (file: string): string => (dirname(file) === '.' ? '' : (file.split('/')[0] ?? ''))

/** The folders of this project that a folder may know besides itself. */
const everyone = new Set(files.map(folderOf))
const known: Record<string, ReadonlySet<string>> = {
  domain: new Set(),
  wire: new Set(['domain']),
  config: everyone,
  cli: everyone,
  '': everyone,
}
const inTheStar = new Set(['domain', 'wire'])

describe('the star', () => {
  const local = imports.filter(({ from }) => from.startsWith('.'))
  test.each([...everyone])('src/%s imports itself and what it may know', (folder) => {
    const outside = local
      .filter(({ file }) => folderOf(file) === folder)
      .map(({ file, from }) => ({ file, to: relative(src, join(src, dirname(file), from)) }))
      .filter(({ to }) => folderOf(to) !== folder)
      .filter(({ to }) => !(known[folder] ?? inTheStar).has(folderOf(to)) || to === 'gateway.js')
    const allowed =
      folder === 'cli' || folder === '' ? outside.filter(({ to }) => to !== 'gateway.js') : outside
    expect(allowed).toEqual([])
  })
})

describe('libraries', () => {
  const libraries = imports.filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
  const nameOf = (from: string): string => from.split('/', from.startsWith('@') ? 2 : 1).join('/')
  // The front door and its routes; schemas wherever something comes in; the demo's server and the CLI's client.
  const shared: Record<string, RegExp> = {
    fastify: /^http\//,
    'prom-client': /^telemetry\//,
    '@bufbuild/cel': /^policy\/cel\/engine\.ts$/,
    zod: /^(?:bundles|cli|config|policy)\//,
    '@modelcontextprotocol/sdk': /^(?:demo\/endpoint|cli\/mcp-client)\.ts$/,
  }

  test.each([...new Set(libraries.map(({ from }) => nameOf(from)))])(
    '%s has one importer',
    (name) => {
      const importers = new Set(
        libraries.filter(({ from }) => nameOf(from) === name).map(({ file }) => file),
      )
      const place = shared[name]
      if (place === undefined) expect([...importers]).toHaveLength(1)
      else for (const importer of importers) expect(importer).toMatch(place)
    },
  )

  test('the domain knows none, not even Node’s own modules', () => {
    const foreign = imports.filter(
      ({ file, from }) => folderOf(file) === 'domain' && !from.startsWith('.'),
    )
    expect(foreign).toEqual([])
  })
})

test('files stay short enough to read', () => {
  const long = files.filter(
    (file) => readFileSync(join(src, file), 'utf8').split('\n').length > 301,
  )
  expect(long).toEqual([])
})
