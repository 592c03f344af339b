import { describe, expect, test } from 'vitest'
import { normalForms } from '../../src/wire/resource-uri.js'

const passwd = 'file:///etc/passwd'

describe('whatever a server may read as another URI has that URI among its forms', () => {
  test.each([
    ['dot segments', 'file:///srv/../etc/passwd'],
    ['dot segments at the root', 'file:///../../etc/./passwd'],
    ['encoded dots', 'file:///srv/%2e%2E/etc/passwd'],
    ['half of them encoded', 'file:///srv/.%2e/etc/passwd'],
    ['encoded slashes', 'file:///srv/..%2f..%2Fetc/passwd'],
    ['encoded letters', 'file:///etc/%70asswd'],
    ['encoding twice', 'file:///srv/%252e%252e/etc/passwd'],
    ['encoding thrice', 'file:///srv/%25252e%25252e/etc/passwd'],
    ['empty segments', 'file:////etc//passwd'],
    ['backslashes', 'file:///srv\\..\\etc\\passwd'],
    ['encoded backslashes', 'file:///srv%5c..%5cetc%5cpasswd'],
    ['backslashes before the host', 'file:\\\\\\etc\\passwd'],
    ['the scheme in upper case', 'FILE:///etc/passwd'],
    ['the local host', 'file://localhost/etc/passwd'],
    ['any host, which many servers do not look at', 'file://elsewhere/etc/passwd'],
    ['no host at all', 'file:/etc/passwd'],
    ['no slash at all', 'file:etc/passwd'],
    ['a host that is taken for a folder', 'file://etc/passwd'],
    ['a slash at the end', 'file:///etc/passwd/'],
    ['a dot at the end', 'file:///etc/passwd/.'],
    ['a fragment', 'file:///etc/passwd#top'],
    ['a query', 'file:///etc/passwd?download'],
    ['an encoded end of text', 'file:///etc/passwd%00.png'],
    ['an encoded tab, which URL parsers drop', 'file:///etc/pass%09wd'],
    ['a tab', 'file:///etc/pass\twd'],
    ['decoding before normalising', 'file:///etc/srv%2fx/..%2f../passwd'],
    ['normalising before decoding', 'file:///srv%2fx/../etc/passwd'],
    ['both, one after the other', 'file:///srv%2fx/../etc%2fy%2f..%2fpasswd'],
  ])('%s', (_what, uri) => {
    expect(normalForms(uri)).toContain(passwd)
  })

  test.each([
    ['https://INTERN.example/a', 'https://intern.example/a'],
    ['https://intern.example:443/a', 'https://intern.example/a'],
    ['https://intern.example./a', 'https://intern.example/a'],
    ['https://intern.example:/a', 'https://intern.example/a'],
    ['https://public.example@intern.example/a', 'https://intern.example/a'],
    ['https:/\\intern.example/a', 'https://intern.example/a'],
    ['https:intern.example/a', 'https://intern.example/a'],
    ['https://inter%6e.example/a', 'https://intern.example/a'],
    ['https://ⓘntern.example/a', 'https://intern.example/a'],
    ['http://2130706433/a', 'http://127.0.0.1/a'],
    ['note://Notes/a', 'note://notes/a'],
    ['note://notes/a?', 'note://notes/a'],
    ['note://notes/a/%2e%2e/b', 'note://notes/b'],
    ['note://notes/é', 'note://notes/%C3%A9'],
    ['note://notes/%C3%A9', 'note://notes/é'],
    ['note:/a/../b', 'note:/b'],
    ['urn:isbn:%31', 'urn:isbn:1'],
    ['note://{folder}/%7Bfile%7D', 'note://{folder}/{file}'],
  ])('%s is judged as %s, too', (uri, form) => {
    expect(normalForms(uri)).toContain(form)
  })
})

test.each([
  passwd,
  'file:///srv/My-Notes_1.txt',
  'file:///{path}',
  'file:///srv/.hidden/a',
  'demo://readme',
  'demo://readme/a/b/',
  'note://notes/a?sort=up',
  'https://public.example/a?b=c',
  'urn:isbn:1',
  'data:text/plain;base64,aGk=',
])('%s reads one way only', (uri) => {
  expect(normalForms(uri)).toEqual([])
})

test('a text that is no URI at all has forms or none, and nothing is thrown', () => {
  const odd = [
    '',
    '%',
    '%%%',
    ':',
    '//',
    'a',
    '\ud800',
    'file:',
    'file://%',
    'https://[',
    'x://\0',
    '%2e%2e/%',
  ]
  for (const text of odd) expect(Array.isArray(normalForms(text))).toBe(true)
})

test('the URI itself is never among its forms, and there are at most 32', () => {
  const level = '/a%2fb/../..%252fc%252f..%2f%25252e%25252e'
  for (const uri of [`file://h${level}${level}`, `FILE://H/%41${level}`, `note://N${level}`]) {
    const forms = normalForms(uri)
    expect(forms).not.toContain(uri)
    expect(new Set(forms).size).toBe(forms.length)
    expect(forms.length).toBeLessThanOrEqual(32)
  }
})

test('normalising the forms of a URI gives nothing that is not among them', () => {
  const forms = normalForms('file:///srv%2fx/../etc%2fy%2f..%2fpasswd')
  for (const form of forms) {
    for (const again of normalForms(form)) expect([...forms, form]).toContain(again)
  }
})
