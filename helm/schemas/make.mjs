// Makes the schemas in this folder from what an API server publishes under /openapi/v2:
//   node helm/schemas/make.mjs openapi.json && npx prettier --write helm/schemas
// Only the kinds that the chart uses and what they refer to are kept; unknown members are faults.
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { URL } from 'node:url'

const kinds = {
  'configmap-v1': 'io.k8s.api.core.v1.ConfigMap',
  'service-v1': 'io.k8s.api.core.v1.Service',
  'serviceaccount-v1': 'io.k8s.api.core.v1.ServiceAccount',
  'deployment-apps-v1': 'io.k8s.api.apps.v1.Deployment',
  'horizontalpodautoscaler-autoscaling-v2': 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'poddisruptionbudget-policy-v1': 'io.k8s.api.policy.v1.PodDisruptionBudget',
  'networkpolicy-networking-v1': 'io.k8s.api.networking.v1.NetworkPolicy',
  'ingress-networking-v1': 'io.k8s.api.networking.v1.Ingress',
  'servicemonitor-monitoring-v1': 'com.coreos.monitoring.v1.ServiceMonitor',
}
// The API server writes these two as strings and reads numbers as well.
const eitherForm = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ['string', 'integer'],
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ['string', 'number'],
}
// No chart writes these, and they are half of everything.
const ofServer = new Set(['status', 'managedFields'])
const reference = /^#\/definitions\//

const { definitions } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const kept = new Map()

function keep(name) {
  if (kept.has(name)) return
  kept.set(name, {})
  const types = eitherForm[name]
  kept.set(name, types === undefined ? strict(definitions[name]) : { type: types })
}

function strict(schema) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(reference, '')
    keep(name)
    return { $ref: `definitions.json#/definitions/${name}` }
  }
  const made = {}
  for (const key of ['type', 'enum', 'format', 'pattern', 'required', 'minimum', 'maximum']) {
    if (schema[key] !== undefined) made[key] = schema[key]
  }
  if (schema['x-kubernetes-int-or-string'] === true) made.type = ['string', 'integer']
  if (schema.items !== undefined) made.items = strict(schema.items)
  if (typeof schema.additionalProperties === 'object') {
    made.additionalProperties = strict(schema.additionalProperties)
  }
  if (schema.properties !== undefined) {
    made.properties = members(schema.properties)
    made.additionalProperties = false
  }
  return made
}

function members(properties) {
  const entries = Object.entries(properties).filter(([name]) => !ofServer.has(name))
  return Object.fromEntries(entries.map(([name, schema]) => [name, strict(schema)]))
}

const folder = new URL('./', import.meta.url)
for (const [file, name] of Object.entries(kinds)) {
  keep(name)
  const schema = { $ref: `definitions.json#/definitions/${name}` }
  writeFileSync(new URL(`${file}.json`, folder), `${JSON.stringify(schema)}\n`)
}
const sorted = [...kept].sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  new URL('definitions.json', folder),
  `${JSON.stringify({ definitions: Object.fromEntries(sorted) })}\n`,
)
