import type { JsonObject } from './json.js'

/** What a tool does to the world. What is not known counts as a change of it. */
export type ActionClass = 'read' | 'write' | 'execute' | 'destructive' | 'unknown'

/** `annotations`: as a trusted server gives them; undefined where none can be believed. */
export type ClassifyTool = (
  server: string,
  tool: string,
  annotations: JsonObject | undefined,
) => ActionClass
