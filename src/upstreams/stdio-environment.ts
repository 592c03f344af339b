/** What a program needs to find its way; everything else may be a secret of the gateway. */
const inherited = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'] as const

/** The environment of a child: the basic variables of this process, and what the configuration gives it. */
export function childEnvironment(
  given: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of inherited) {
    const value = own[name]
    // A value that begins so is a function that some shells would run.
    if (value !== undefined && !value.startsWith('()')) environment[name] = value
  }
  return { ...environment, ...given }
}
