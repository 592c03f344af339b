import { isBindAddress, isHttpAddress } from './addresses.js'
import { text, wholeNumber } from './value-type.js'

const largestBytes = 1_073_741_824
export const port = wholeNumber(0, 65_535)
export const bytes = wholeNumber(1, largestBytes)
export const bindAddress = text('an IP address or a host name', { isAllowed: isBindAddress })
export const httpAddress = text('an http or https URL without credentials and without a fragment', {
  pattern: /^https?:\/\//i,
  isAllowed: isHttpAddress,
})
export const path = text('the path of a file')
export const token = text('one word of visible ASCII characters', { pattern: /^[\x21-\x7e]+$/ })
export const headerName = text('the name of a header that carries no credentials', {
  pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  isAllowed: (name) => !credentialHeaders.includes(name.toLowerCase()),
})
const credentialHeaders = ['authorization', 'cookie', 'proxy-authorization', 'x-api-key']
export const digest = text('64 hexadecimal digits', { pattern: /^[0-9a-fA-F]{64}$/ })
export const logDestination = text(
  'stdout, stderr, off, or the path of a file with a folder or an extension in it',
  { isAllowed: (value) => ['stdout', 'stderr', 'off'].includes(value) || /[./\\]/.test(value) },
)
