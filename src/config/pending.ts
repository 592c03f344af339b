/** A setting that is documented for a later version: to set it now would promise what this build does not do. */
export interface PendingSetting {
  readonly key: string
  /** The value that asks for nothing, where there is one. */
  readonly harmless: boolean | undefined
}

export const pendingSettings: Readonly<Record<string, PendingSetting>> = {
  AUTH_ISSUER: pending('auth.issuer'),
  AUTH_AUDIENCE: pending('auth.audience'),
  AUTH_JWKS_URL: pending('auth.jwksUrl'),
  AUTH_ROLES_CLAIM: pending('auth.rolesClaim'),
  AUTH_TEAMS_CLAIM: pending('auth.teamsClaim'),
  AUTH_REQUIRED_SCOPES: pending('auth.requiredScopes'),
}

export function pendingByKey(key: string): PendingSetting | undefined {
  return Object.values(pendingSettings).find((setting) => setting.key === key)
}

export function pendingFault(origin: string): string {
  return `${origin}: this setting is documented, but this build does not honour it yet; remove it`
}

function pending(key: string, harmless?: boolean): PendingSetting {
  return { key, harmless }
}
