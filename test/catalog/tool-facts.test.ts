import { expect, test } from 'vitest'
import { createCatalog } from '../../src/catalog/catalog.js'
import { createClassifier } from '../../src/catalog/configured-tools.js'
import { createToolFacts } from '../../src/catalog/tool-facts.js'

const trusted = new Set(['one'])

function scene() {
  const catalog = createCatalog()
  const asked: string[] = []
  const classifier = createClassifier([], trusted)
  const factsOf = createToolFacts({
    catalog,
    trusted,
    classify: (server, tool, annotations) => {
      asked.push(`${server}/${tool}`)
      return classifier(server, tool, annotations)
    },
  })
  const list = (server: string, annotations: object): void =>
    catalog.learn(server, [Buffer.from(JSON.stringify({ name: 'a', annotations }))])
  return { factsOf, list, asked }
}

test('a tool is classified once, until its server says something else of it', () => {
  const { factsOf, list, asked } = scene()
  expect(factsOf('one', 'a')).toMatchObject({ annotations: '{}', actionClass: 'unknown' })
  list('one', { readOnlyHint: true })
  expect(factsOf('one', 'a')).toMatchObject({
    annotations: '{"readOnlyHint":true}',
    actionClass: 'read',
  })
  list('one', { readOnlyHint: true })
  expect(factsOf('one', 'a').actionClass).toBe('read')
  list('one', { readOnlyHint: false })
  expect(factsOf('one', 'a').actionClass).toBe('destructive')
  expect(asked).toHaveLength(3)
})

test('what a server says that nobody trusts is not heard', () => {
  const { factsOf, list } = scene()
  list('two', { readOnlyHint: true })
  expect(factsOf('two', 'a')).toMatchObject({ annotations: '{}', actionClass: 'unknown' })
})

test('names that callers make up do not fill the memory, and change nothing', () => {
  const { factsOf, asked } = scene()
  for (let index = 0; index <= 10_000; index += 1) factsOf('one', `tool-${index}`)
  factsOf('one', 'tool-10000')
  expect(asked).toHaveLength(10_001)
  factsOf('one', 'tool-0')
  expect(asked).toHaveLength(10_002)
})
