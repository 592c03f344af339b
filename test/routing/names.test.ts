import { describe, expect, test } from 'vitest'
import { ownerOfId, qualifiedId } from '../../src/routing/ids.js'
import { ownerOf, qualified } from '../../src/routing/names.js'
import { ownerOfUri, qualifiedUri } from '../../src/routing/uris.js'
import { readProgress, writeProgress } from '../../src/routing/event-ids.js'
import { readCursor, writeCursor } from '../../src/routing/cursors.js'

const servers = ['weather', 'a_b', 'v1.2-x', 'A', '0']

describe.each(servers)('what belongs to the server %s', (server) => {
  test.each(['echo', '_x', '__x', 'a__b', '', 'ünï', 'x'.repeat(200)])(
    'is called %s there',
    (bare) => {
      expect(ownerOf(qualified(server, bare))).toEqual({ server, bare })
    },
  )

  test.each([
    'file:///etc/hosts',
    'file:///a/../b%2F..',
    'HTTP://Example.COM:80/A b',
    'custom:x',
    'file:///{path}{?q*}',
    'ui://weather/app.html',
    'ui://{app}',
    'portcullis:other/file:///x',
    'urn:ü:☃',
    'no uri at all',
    '',
  ])('is found at %s there', (uri) => {
    expect(ownerOfUri(qualifiedUri(server, uri))).toEqual({ server, bare: uri })
  })

  test.each(['7', '-1.50e3', '9007199254740993', '"a"', '"7"', '"\\u00e9\\"__"', '""'])(
    'asks under the id %s',
    (id) => {
      expect(ownerOfId(qualifiedId(server, id))).toEqual({ server, bare: id })
    },
  )
})

test('a URI stays what it is when a parser has read it', () => {
  for (const uri of ['file:///a/../b/./c', 'HTTP://Example.COM:80/%7euser', 'x:{y}/{z}']) {
    const outer = qualifiedUri('We_a.1', uri)
    expect(URL.canParse(outer)).toBe(true)
    expect(ownerOfUri(new URL(outer).href)).toEqual({ server: 'We_a.1', bare: uri })
  }
})

test('an app keeps the scheme by which hosts know it', () => {
  expect(qualifiedUri('weather', 'ui://weather/app.html')).toBe('ui://weather__weather/app.html')
})

test.each(['echo', '__echo', '', '_'])('the name %s belongs to nobody', (name) => {
  expect(ownerOf(name)).toBeUndefined()
})

test.each(['file:///etc/hosts', 'portcullis:', 'portcullis:/x', 'portcullis:x', 'ui://x', ''])(
  'the URI %s belongs to nobody',
  (uri) => {
    expect(ownerOfUri(uri)).toBeUndefined()
  },
)

test.each([
  ['another member', '"a__1,\\"method\\":\\"tools/call\\""'],
  ['an object', '"a__{}"'],
  ['nothing', '"a__"'],
  ['null', '"a__null"'],
  ['white space', '"a__ 7"'],
  ['two strings', '"a__\\"x\\"\\"y\\""'],
  ['no name', '"7"'],
  ['a number', '7'],
])('an id that holds %s is nobody’s', (_what, literal) => {
  expect(ownerOfId(literal)).toBeUndefined()
})

test('an event of several streams says how far each was read, and is no event of one', () => {
  const progress = new Map([
    ['a', 'x_1'],
    ['b', '7'],
  ])
  const id = writeProgress(progress, 'a')
  expect(readProgress(id)).toEqual(progress)
  expect(ownerOf(id)).toBeUndefined()
  expect(readProgress('a__7')).toBeUndefined()
  expect(readProgress('_***')).toBeUndefined()
})

test('what of several would be too long for a header says how far this server was read', () => {
  const progress = new Map([
    ['a', 'x'.repeat(1500)],
    ['b', 'y'.repeat(1000)],
  ])
  expect(readProgress(writeProgress(progress, 'b'))).toEqual(new Map([['b', 'y'.repeat(1000)]]))
})

test.each([['no base64'], ['W10'], ['eyJhIjoxfQ'], [7], [null]])('%s is no cursor', (cursor) => {
  expect(readCursor(cursor)).toBeUndefined()
})

test('a cursor holds one of each server, whatever they look like', () => {
  const cursors = new Map([
    ['a', '"☃'],
    ['__proto__', ''],
  ])
  expect(readCursor(writeCursor(cursors))).toEqual(cursors)
})
