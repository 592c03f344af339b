import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const foreign = new Set(['node_modules', 'dist', 'coverage'])

const pages = pagesIn(root)

test.each(pages.map((page) => relative(root, page)))('every link in %s leads somewhere', (page) => {
  const broken = linksOf(join(root, page)).filter((link) => !resolves(link, join(root, page)))
  expect(broken).toEqual([])
})

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      return foreign.has(entry.name) || entry.name.startsWith('.') ? [] : pagesIn(path)
    }
    return entry.name.endsWith('.md') ? [path] : []
  })
}

/** Targets of inline links that stay in the repository. */
function linksOf(page: string): string[] {
  const links = [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target)
  return links.filter((target) => !/^[a-z]+:/i.test(target))
}

function resolves(link: string, page: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : resolve(dirname(page), decodeURI(path))
  if (!existsSync(target)) return false
  return anchor === undefined || !target.endsWith('.md') || anchorsOf(target).has(anchor)
}

/** The anchors that a hosting platform gives to headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}

function prose(page: string): string {
  return readFileSync(page, 'utf8')
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code))
}
