import { describe, expect, test } from 'vitest'
import { answer, expected, families, vectorsOf } from './vectors.js'

describe.each(families)('%s', (family) => {
  test.each(vectorsOf(family))('%s answers what OPA answers', (name, vectors) => {
    const differing = vectors
      .map(([args, result]) => ({ args, opa: expected(result), ours: answer(name, args) }))
      .filter(({ opa, ours }) => opa !== ours)
    expect(differing.slice(0, 5)).toEqual([])
  })
})
