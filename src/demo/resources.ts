import { employees } from './employees.js'

export interface ResourceText {
  readonly [member: string]: unknown
  readonly uri: string
  readonly mimeType: string
  readonly text: string
}

export const resources = [
  {
    uri: 'demo://readme',
    name: 'readme',
    title: 'About this server',
    mimeType: 'text/markdown',
  },
  {
    uri: 'demo://deploy-log',
    name: 'deploy-log',
    title: 'A log with things in it that nobody should read',
    mimeType: 'text/plain',
  },
]

export const resourceTemplates = [
  {
    uriTemplate: 'demo://employees/{id}',
    name: 'employee',
    title: 'One employee',
    mimeType: 'application/json',
  },
]

const readme = `# Portcullis demo server

Tools, resources and a prompt to try policies with. \`database.backup\` is for some roles only, \`temp.convert\`
has bounds, \`alert\` and \`demo://deploy-log\` give text that a policy cleans, and \`employee_data\` has fields
that not everybody may see.
`

/** Looks like secrets; none of them opens anything. */
const deployLog = `\u001B[32mdeploy ok\u001B[0m
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
GITHUB_TOKEN=ghp_000000000000000000000000000000000000
`

/** The resource of that URI; undefined where there is none. */
export function readResource(uri: string): ResourceText | undefined {
  if (uri === 'demo://readme') return { uri, mimeType: 'text/markdown', text: readme }
  if (uri === 'demo://deploy-log') return { uri, mimeType: 'text/plain', text: deployLog }
  const id = /^demo:\/\/employees\/([^/?#]+)$/.exec(uri)?.[1]
  const employee = id === undefined ? undefined : employees.get(id)
  return employee && { uri, mimeType: 'application/json', text: JSON.stringify(employee) }
}
