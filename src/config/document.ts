import { readYaml } from '../policy/yaml-document.js'
import type { Content } from './content.js'
import { adviceOnFile, errorCode, type ReadFile } from './given.js'

/**
 * Reads a file of YAML or JSON (which is YAML too). `content` is empty for an empty file and undefined where it holds
 * something else than a mapping. Nothing of its text is repeated: it may hold secrets.
 * @param name how a fault begins
 */
export function readDocument(
  name: string,
  path: string,
  readFile: ReadFile,
): { readonly content: Content | undefined } | { readonly faults: readonly string[] } {
  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    return { faults: [`${name} cannot be read (${errorCode(error)}): ${adviceOnFile(error)}`] }
  }
  const document = readYaml(text)
  if (document.type === 'faults') {
    const faults = document.faults.map(({ code, line, column }) => {
      const fault = code === 'DUPLICATE_KEY' ? 'has a key twice' : `is not valid YAML: ${code}`
      return `${name} ${fault} at line ${line}, column ${column}`
    })
    return { faults }
  }
  if (document.value === undefined) return { content: {} }
  return { content: document.isMapping ? (document.value as Content) : undefined }
}
