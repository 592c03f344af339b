/** The key in a certificate or in a public key: what an X.509 SubjectPublicKeyInfo holds (RFC 5280, section 4.1). */
export interface SubjectKeyInfo {
  /** Bytes. */
  readonly length: number
  /** Object identifiers in their DER form, hexadecimal. */
  readonly algorithm: string
  /** Empty where the algorithm has no parameter that is one. */
  readonly curve: string
}

/** Finds the key without opening it. */
export function subjectKeyInfo(der: Buffer, isCertificate: boolean): SubjectKeyInfo | undefined {
  const outer = element(der, 0)
  if (outer?.end !== der.length) return undefined
  const info = isCertificate ? keyOfCertificate(der, outer) : outer
  const algorithm = info === undefined ? undefined : element(der, info.content)
  const name = algorithm === undefined ? undefined : element(der, algorithm.content)
  if (info === undefined || algorithm === undefined || name?.tag !== tags.identifier)
    return undefined
  const parameter = name.end < algorithm.end ? element(der, name.end) : undefined
  return {
    length: info.end - info.start,
    algorithm: der.toString('hex', name.content, name.end),
    curve:
      parameter?.tag === tags.identifier
        ? der.toString('hex', parameter.content, parameter.end)
        : '',
  }
}

interface Element {
  readonly tag: number
  readonly start: number
  readonly content: number
  readonly end: number
}

const tags = { identifier: 0x06, sequence: 0x30, version: 0xa0 } as const

/** The seventh member of the signed part, or the sixth where no version is told. */
function keyOfCertificate(der: Buffer, certificate: Element): Element | undefined {
  const signed = element(der, certificate.content)
  if (signed === undefined) return undefined
  let member = element(der, signed.content)
  const before = member?.tag === tags.version ? 6 : 5
  for (let passed = 0; passed < before && member !== undefined; passed += 1) {
    member = element(der, member.end)
  }
  return member?.tag === tags.sequence ? member : undefined
}

/** The element that starts there; its length in the definite form, of up to four bytes. */
function element(der: Buffer, start: number): Element | undefined {
  const tag = der[start]
  const first = der[start + 1]
  if (tag === undefined || first === undefined) return undefined
  const more = first < 0x80 ? 0 : first - 0x80
  if (more > 4 || first === 0x80 || start + 2 + more > der.length) return undefined
  const length = more === 0 ? first : der.readUIntBE(start + 2, more)
  const content = start + 2 + more
  return content + length <= der.length ? { tag, start, content, end: content + length } : undefined
}
