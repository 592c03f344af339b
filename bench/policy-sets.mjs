import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBundle } from '../dist/bundles/build.js'

const folder = new URL('./bundles/', import.meta.url)

/**
 * A bundle with so many rules, none of which the benchmark's calls break: built anew where `opa` is on the PATH, so
 * that the compiler of today is measured, else the one that is checked in.
 */
export async function bundleWithRules(count) {
  if (spawnSync('opa', ['version']).status !== 0) {
    return readFileSync(new URL(`rules-${count}.tar.gz`, folder))
  }
  const set = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  try {
    writeFileSync(
      join(set, '.manifest'),
      JSON.stringify({ revision: `rules-${count}`, roots: ['mcp'] }),
    )
    writeFileSync(join(set, 'policy.rego'), policyWithRules(count))
    return (await buildBundle({ set, opa: 'opa' })).archive
  } finally {
    rmSync(set, { recursive: true })
  }
}

/** Half of the rules bound a number of one tool, half look at the form of a text of one family of tools. */
function policyWithRules(count) {
  const rules = Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? `reasons contains "bounds-${index}" if {
	input.tool.name == "tool-${index}"
	input.tool.args.amount > ${index}
}`
      : `reasons contains "form-${index}" if {
	startswith(input.tool.name, "family-${index}.")
	not regex.match("^[a-z]{1,${(index % 20) + 1}}$", input.tool.args.city)
}`,
  )
  return `package mcp

pre := {"allow": true} if {
	count(reasons) == 0
} else := {"allow": false, "reason": min(reasons)}

${rules.join('\n\n')}
`
}
