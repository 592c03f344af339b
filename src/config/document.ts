import { isMap, LineCounter, parseDocument } from 'yaml'
import type { Content } from './content.js'
import { errorCode, type ReadFile } from './given.js'

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
  const lines = new LineCounter()
  try {
    const document = parseDocument(readFile(path), { prettyErrors: false, lineCounter: lines })
    // Behind a fault of syntax others follow that are none.
    const broken = document.errors.find(({ code }) => code !== 'DUPLICATE_KEY')
    const errors = broken === undefined ? document.errors : [broken]
    if (errors.length > 0) {
      const faults = errors.map(({ code, pos }) => {
        const { line, col } = lines.linePos(pos[0])
        const fault = code === 'DUPLICATE_KEY' ? 'has a key twice' : `is not valid YAML: ${code}`
        return `${name} ${fault} at line ${line}, column ${col}`
      })
      return { faults }
    }
    if (document.contents === null) return { content: {} }
    if (!isMap(document.contents)) return { content: undefined }
    return { content: document.toJS({ maxAliasCount: 100 }) as Content }
  } catch (error) {
    return { faults: [`${name} cannot be read (${errorCode(error)})`] }
  }
}
