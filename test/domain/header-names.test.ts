import { describe, expect, test } from 'vitest'
import { identifiesCaller, tellsOrigin } from '../../src/domain/header-names.js'

describe('a header identifies its caller', () => {
  test.each([
    'authorization',
    'proxy-authorization',
    'x-authorisation',
    'cookie',
    'x-api-key',
    'api-key',
    'api_key',
    'apikey',
    'x-auth-key',
    'x-auth-token',
    'x-auth-user',
    'ocp-apim-subscription-key',
    'x-amz-security-token',
    'x-goog-iap-jwt-assertion',
    'x-goog-authenticated-user-email',
    'x-amzn-oidc-data',
    'x-ms-client-principal',
    'x-forwarded-access-token',
    'x-forwarded-client-cert',
    'x-forwarded-email',
    'x-forwarded-groups',
    'x-forwarded-preferred-username',
    'x-forwarded-user',
    'x_forwarded_user',
    'remote-user',
    'mcp-session-id',
    'signature-input',
    'dpop',
  ])('named %s', (name) => {
    expect(identifiesCaller(name)).toBe(true)
  })

  test.each([
    'accept',
    'content-type',
    'user-agent',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
    'last-event-id',
    'traceparent',
    'baggage',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-request-id',
    'idempotency-key',
    'author',
  ])('not named %s', (name) => {
    expect(identifiesCaller(name)).toBe(false)
  })
})

test('a header tells the origin of its request in every form in use', () => {
  const names = ['x-forwarded-for', 'x_forwarded_host', 'x-forwarded-anything', 'forwarded']
  for (const name of [...names, 'x-real-ip']) expect(tellsOrigin(name)).toBe(true)
  for (const name of ['x-forward', 'forwarded-x', 'from', 'x-real-ip-2']) {
    expect(tellsOrigin(name)).toBe(false)
  }
})
