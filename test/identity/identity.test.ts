import { describe, expect, test } from 'vitest'
import { createIdentity } from '../../src/identity/identity.js'

const proxied = createIdentity({
  modes: ['trusted-headers'],
  trustedProxies: ['10.0.0.0/8', '::1', '127.0.0.1'],
})

function identify(peerAddress: string, headers: Record<string, string>, repeated: string[] = []) {
  return proxied.authenticate({
    peerAddress,
    headers,
    isRepeated: (name) => repeated.includes(name),
  })
}

const claims = Buffer.from('{"department":"hr"}').toString('base64url')

describe('a trusted proxy says who calls', () => {
  test('with roles, teams and claims', () => {
    const { principal } = identify('10.1.2.3', {
      'x-forwarded-user': 'alice@org',
      'x-forwarded-roles': 'dev, ops,',
      'x-forwarded-teams': 'core',
      'x-forwarded-claims': claims,
    })
    expect(principal).toEqual({
      id: 'alice@org',
      roles: ['dev', 'ops'],
      teams: ['core'],
      authenticated: true,
      via: 'trusted-headers',
      claims: { department: 'hr' },
    })
  })

  test('also over an IPv6 socket', () => {
    expect(identify('::ffff:10.0.0.9', { 'x-forwarded-user': 'a' }).principal.id).toBe('a')
  })

  test('and nobody where it names nobody, whatever roles it sends', () => {
    expect(identify('10.0.0.1', { 'x-forwarded-roles': 'admin' }).principal).toMatchObject({
      id: '',
      roles: [],
      authenticated: false,
    })
  })

  test('but not twice at once', () => {
    expect(() =>
      identify('10.0.0.1', { 'x-forwarded-user': 'a, b' }, ['x-forwarded-user']),
    ).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  })

  test.each(['not base64 JSON', Buffer.from('[1]').toString('base64url')])(
    'and claims that cannot be read are no claims: %s',
    (value) => {
      expect(() =>
        identify('10.0.0.1', { 'x-forwarded-user': 'a', 'x-forwarded-claims': value }),
      ).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
    },
  )

  test('in UTF-8, so that two names never become one', () => {
    const utf8 = Buffer.from('josé').toString('latin1')
    expect(identify('10.0.0.1', { 'x-forwarded-user': utf8 }).principal.id).toBe('josé')
    expect(() => identify('10.0.0.1', { 'x-forwarded-user': 'jos\xe9' })).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    )
  })
})

describe('anyone else speaks for nobody', () => {
  test('identity headers and X-Forwarded-For are removed', () => {
    const { principal, headers, requestIp } = identify('192.0.2.1', {
      'x-forwarded-user': 'root',
      'x-forwarded-roles': 'admin',
      'x-forwarded-teams': 't',
      'x-forwarded-claims': claims,
      'x-forwarded-for': '1.2.3.4',
      'user-agent': 'x',
    })
    expect(principal.authenticated).toBe(false)
    expect(headers).toEqual({ 'user-agent': 'x' })
    expect(requestIp).toBe('192.0.2.1')
  })

  test('and without trusted headers a proxy speaks for nobody either', () => {
    const none = createIdentity({ modes: ['none'], trustedProxies: ['10.0.0.0/8'] })
    const { principal, headers, requestIp } = none.authenticate({
      peerAddress: '10.0.0.1',
      headers: { 'x-forwarded-user': 'root', 'x-forwarded-for': '192.0.2.7' },
      isRepeated: () => false,
    })
    expect(principal.id).toBe('')
    expect(headers).toEqual({ 'x-forwarded-for': '192.0.2.7' })
    expect(requestIp).toBe('192.0.2.7')
  })
})

describe('the address of the caller', () => {
  test.each([
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '192.0.2.44', '192.0.2.44'],
    ['10.0.0.1', '6.6.6.6, 192.0.2.44', '192.0.2.44'],
    ['10.0.0.1', '6.6.6.6, 192.0.2.44, 10.0.0.2', '192.0.2.44'],
    ['10.0.0.1', 'nonsense, 10.0.0.2', '10.0.0.2'],
    ['192.0.2.1', '10.0.0.1', '192.0.2.1'],
  ])('from %s with X-Forwarded-For %s is %s', (peer, forwarded, address) => {
    const headers: Record<string, string> = {}
    if (forwarded !== undefined) headers['x-forwarded-for'] = forwarded
    expect(identify(peer, headers).requestIp).toBe(address)
  })
})
