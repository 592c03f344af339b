export interface DemoPrompt {
  /** What `prompts/list` says of it. */
  readonly listing: {
    readonly name: string
    readonly description: string
    readonly arguments: { name: string; description: string; required: boolean }[]
  }
  readonly write: (args: Readonly<Record<string, string>>) => string
}

export const prompts: readonly DemoPrompt[] = [
  {
    listing: {
      name: 'greet',
      description: 'A greeting for somebody',
      arguments: [{ name: 'name', description: 'Who is greeted', required: true }],
    },
    write: ({ name = 'there' }) => `Say hello to ${name} in one friendly sentence.`,
  },
]
