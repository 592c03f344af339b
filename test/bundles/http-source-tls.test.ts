import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { closeAll, never, refusalOf, serve, sourceOf, type Answer } from './bundle-server.js'

afterEach(closeAll)

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8')
const ca = fixture('ca')
const certified = (name: string) => ({ cert: fixture(name), key: fixture(`${name}.key`) })
const answer: Answer = (_, response) => response.end('bundle')

describe('a bundle server with TLS', () => {
  test('is trusted where the configured authority vouches for it', async () => {
    const { url } = await serve(answer, certified('good'))
    const fetched = await sourceOf(url, { ca: `${fixture('misnamed')}\n${ca}` }).fetch(never)
    expect(fetched).toMatchObject({ bytes: Buffer.from('bundle') })
  })

  test('is not trusted without one, and the refusal names the setting', async () => {
    const { url, requests } = await serve(answer, certified('good'))
    const advice =
      /^absent: .*not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): set POLICY_BUNDLE_CA/
    expect(await refusalOf(sourceOf(url, { token: 's3cret' }))).toMatch(advice)
    const other = sourceOf(url, { ca: fixture('misnamed') })
    expect(await refusalOf(other)).toMatch(/POLICY_BUNDLE_CA does not vouch for/)
    expect(requests).toEqual([])
  })

  test.each([
    ['misnamed', /certificate for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
    ['expired', /certificate that cannot be used \(CERT_HAS_EXPIRED\): renew it/],
  ])('that has a certificate which is %s is an absent bundle', async (name, message) => {
    const { url, requests } = await serve(answer, certified(name))
    expect(await refusalOf(sourceOf(url, { ca }))).toMatch(message)
    expect(requests).toEqual([])
  })

  test('that speaks plain HTTP on its port is an absent bundle', async () => {
    const { url } = await serve(answer)
    const refusal = await refusalOf(sourceOf(url.replace('http:', 'https:')))
    expect(refusal).toMatch(/^absent: .*does not speak TLS there/)
  })

  test('is not left for plain HTTP', async () => {
    const plain = await serve(answer)
    const { url } = await serve(
      (_, response) => response.writeHead(302, { location: plain.url }).end(),
      certified('good'),
    )
    expect(await refusalOf(sourceOf(url, { ca }))).toMatch(/^check: .*redirects from https to http/)
    expect(plain.requests).toEqual([])
  })
})
