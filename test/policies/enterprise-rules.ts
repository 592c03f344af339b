import { toolCall } from '../support/gateway.js'
import { withClaims } from './rules-gateway.js'

/** Rules for a tool manager: which of its critical operations pass, which are only noted, and which are refused. */
export const enterpriseRules = `
version: 1
rules:
  - id: critical-by-platform
    match: { kind: tools/call, client: "*", server: "*", tool: [configure_server, remove_server, restore, apply_stack] }
    when: "!('platform' in user.teams)"
    effect: deny
    reason: platform_team_only
    code: policy_deny
    remedy: Ask the platform team

  - id: known-servers
    match: { tool: configure_server }
    when: "!has($package) || !($package in ['search', 'calendar'])"
    effect: deny
    code: validation_failed
    reason: unknown_package

  - id: members-work
    when: "'member' in user.roles"
    effect: allow
    reason: member

  - id: changes-are-noted
    match: { tool: "*_server" }
    effect: audit
    reason: noted
`

export const member = {
  ...withClaims('mia@example.org', {}, 'member'),
  'x-forwarded-teams': 'core',
}
export const platform = {
  ...withClaims('pat@example.org', {}, 'member'),
  'x-forwarded-teams': 'platform',
}

export const removing = toolCall('remove_server', { name: 'search' })
export const configuring = toolCall('configure_server', { package: 'search' })

/** What the server answers to everything. */
export const result = JSON.stringify({ content: [{ type: 'text', text: 'done' }] })
