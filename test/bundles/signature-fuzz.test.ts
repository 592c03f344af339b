import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { openBundle } from '../../src/bundles/open-bundle.js'
import type { Bundle } from '../../src/domain/bundle.js'
import { PolicySupplyError } from '../../src/domain/errors.js'
import { createRandom, type Random } from '../support/random.js'
import { fixture, keyOf, termsOf } from './forge.js'

const terms = termsOf(keyOf('ed25519', 'EdDSA'))
const archive = fixture('EdDSA.tar.gz')
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 1000)

/** What a gateway would act on. */
const meaningOf = ({ revision, roots, wasm, entrypoints, data, metadata, cases, signer }: Bundle) =>
  JSON.stringify({
    ...{ revision, roots, wasm, entrypoints, metadata, cases, signer },
    data: JSON.parse(data.toString()) as unknown,
  })

async function outcomeOf(bytes: Buffer): Promise<string> {
  try {
    return meaningOf(await openBundle(bytes, terms))
  } catch (thrown) {
    if (thrown instanceof PolicySupplyError) return `refused: ${thrown.fault}`
    throw thrown
  }
}

async function expectNoOther(mutate: (random: Random) => Buffer, seed: number): Promise<void> {
  const honest = meaningOf(await openBundle(archive, terms))
  const random = createRandom(seed)
  const seen = new Map<string, number>()
  for (let round = 0; round < rounds; round += 1) {
    const outcome = await outcomeOf(mutate(random))
    if (!outcome.startsWith('refused: ')) expect(outcome).toBe(honest)
    const kind = outcome.startsWith('refused: ') ? outcome : 'accepted'
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
  }
  expect(seen.get('refused: archive')).toBeGreaterThan(rounds / 50)
}

test('a signed archive with some bytes changed is refused, or means the same', async () => {
  await expectNoOther((random) => mutated(archive, random), 1)
})

test('a signed tar with some bytes changed is refused, or means the same', async () => {
  const tar = gunzipSync(archive)
  await expectNoOther((random) => gzipSync(mutated(tar, random), { level: 1 }), 2)
})

test('a signed tar with blocks moved, dropped and doubled is refused, or means the same', async () => {
  const tar = gunzipSync(archive)
  await expectNoOther((random) => gzipSync(shuffled(tar, random), { level: 1 }), 3)
})

function mutated(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
    const at = random.below(copy.length)
    const old = copy[at] ?? 0
    copy[at] = random.oneOf([old ^ (1 << random.below(8)), random.below(256), 0, 0x2f, 0x30])
  }
  return random.below(10) === 0 ? copy.subarray(0, random.below(copy.length)) : copy
}

function shuffled(tar: Buffer, random: Random): Buffer {
  const blocks = Array.from({ length: tar.length / 512 }, (_, at) =>
    tar.subarray(at * 512, at * 512 + 512),
  )
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
    const from = random.below(blocks.length)
    const moved = blocks.slice(from, from + 1 + random.below(3))
    if (random.below(2) === 0) blocks.splice(from, moved.length)
    if (random.below(3) > 0) blocks.splice(random.below(blocks.length + 1), 0, ...moved)
  }
  return Buffer.concat(blocks)
}
