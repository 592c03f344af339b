// Writes the JSON Schema of rules files, for editors. Run it after `npm run build`.
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { rulesJsonSchema } from '../dist/policy/rules/rules-schema.js'

const path = 'docs/reference/rules.schema.json'
const options = await resolveConfig(path)
const text = JSON.stringify(rulesJsonSchema(), undefined, 2)
writeFileSync(path, await format(text, { ...options, filepath: path }))
