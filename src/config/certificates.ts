import { X509Certificate } from 'node:crypto'
import { adviceOnFile, errorCode, type ReadFile } from './given.js'

/**
 * Reads a PEM file of certificate authorities.
 * @returns the certificates alone, or what is wrong, worded to follow the name of the setting
 */
export function readCertificates(
  path: string,
  readFile: ReadFile,
): { readonly pem: string } | { readonly fault: string } {
  let text
  try {
    text = readFile(path)
  } catch (error) {
    return {
      fault: `names ${path}, which cannot be read (${errorCode(error)}): ${adviceOnFile(error)}`,
    }
  }
  const certificates = text.match(certificate) ?? []
  if (certificates.length === 0) {
    return {
      fault: `names ${path}, which has no certificate: give a PEM file with -----BEGIN CERTIFICATE-----`,
    }
  }
  const damaged = certificates.findIndex((each) => !isCertificate(each))
  if (damaged === -1) return { pem: `${certificates.join('\n')}\n` }
  return { fault: `names ${path}, whose certificate ${damaged + 1} is damaged: export it anew` }
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
