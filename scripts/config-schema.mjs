// Writes what is generated from the table of settings: the JSON Schema of the config file and the tables
// of the reference page. Run it after `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { configFileSchema } from '../dist/config/file-schema.js'
import { fillReference } from '../dist/config/reference.js'

async function write(path, text) {
  const options = await resolveConfig(path)
  writeFileSync(path, await format(text, { ...options, filepath: path }))
}

const page = 'docs/reference/configuration.md'
await write('docs/reference/config.schema.json', JSON.stringify(configFileSchema(), undefined, 2))
await write(page, fillReference(readFileSync(page, 'utf8')))
