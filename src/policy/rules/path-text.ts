import { type FieldPath, FieldPathFault, parseFieldPath } from '../../domain/field-path.js'

/** The path that a text stands for, or what is wrong with it. */
export function pathIn(source: string): FieldPath | string {
  if (source.length > longestPath) return `is too long: at most ${longestPath} characters`
  try {
    return parseFieldPath(source)
  } catch (thrown) {
    if (thrown instanceof FieldPathFault) return thrown.message
    throw thrown
  }
}

export function pathFault(source: string): string | undefined {
  const path = pathIn(source)
  return typeof path === 'string' ? path : undefined
}

const longestPath = 1024
