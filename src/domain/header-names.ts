/**
 * Whether a header says who the caller is, or proves it: credentials by the names that they go by, live session ids,
 * and what proxies add about the caller. Servers that speak CGI take `_` and `-` for the same, so both count.
 * @param name in lower case
 */
export function identifiesCaller(name: string): boolean {
  return credential.test(name) || identity.test(name)
}

const credential =
  /authori[sz]ation|cookie|token|secret|passw|credential|signature|assertion|jwt|session|(?:api|auth|access|subscription|functions|private|shared)[-_]?key|^dpop$|client[-_]cert|^x[-_]amzn[-_]oidc[-_]/

const identity =
  /^x[-_]forwarded[-_](?:user|roles|teams|claims|groups|email|preferred[-_]username)$|^x[-_]auth[-_]|^(?:x[-_])?remote[-_]user$|authenticated[-_]user|client[-_]principal/

/**
 * Whether a header tells where a request came from on its way here: RFC 7239 and the names in use before it.
 * @param name in lower case
 */
export function tellsOrigin(name: string): boolean {
  return origin.test(name)
}

const origin = /^(?:x[-_](?:forwarded[-_]|real[-_]ip$)|forwarded$)/
