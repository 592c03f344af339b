import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { probeUpstream } from './upstream-probe.js'
import type { CommandTarget, Config, UpstreamConfig } from '../config/config.js'
import type { Finding } from './finding.js'

/** Whether each upstream is there: addresses are asked, programs are looked for and not run. */
export async function checkUpstreams({ upstreams }: Config): Promise<readonly Finding[]> {
  return Promise.all(upstreams.map(checkUpstream))
}

async function checkUpstream({ target, auth, name }: UpstreamConfig): Promise<Finding> {
  // The one of UPSTREAM_URL has no name of its own.
  const place = name === 'default' ? 'upstream' : `upstream "${name}":`
  switch (target.type) {
    case 'demo':
      return { type: 'fine', text: 'upstream: the built-in demo server' }
    case 'stdio':
      return checkCommand(place, target)
    case 'url': {
      const shown = withoutQuery(target.url)
      const problem = await probeUpstream(target.url, auth)
      if (problem === undefined) return { type: 'fine', text: `${place} ${shown} answers` }
      const text = `${place} ${shown} ${problem}; serve starts, and calls get 502 until it is there`
      return { type: 'warning', text }
    }
  }
}

function checkCommand(place: string, { command, cwd, env }: CommandTarget): Finding {
  if (cwd !== undefined && !isFolder(cwd)) {
    return {
      type: 'fault',
      text: `${place} the folder ${cwd} (cwd) is not there: create it, or name another`,
    }
  }
  const path = env['PATH'] ?? process.env['PATH'] ?? ''
  const program = programPath(command, cwd ?? '.', path)
  if (program !== undefined) return { type: 'fine', text: `${place} ${command} is ${program}` }
  return { type: 'fault', text: `${place} ${absence(command, cwd ?? '.')}` }
}

function absence(command: string, cwd: string): string {
  const isPath = /[/\\]/.test(command)
  if (isPath && existsSync(resolve(cwd, command))) {
    return `${command} is there and cannot be run: give a program, with the right to execute it`
  }
  const where = isPath ? '' : ' on the PATH'
  return `there is no program ${command}${where}: install it, or give its path as "command"`
}

function programPath(command: string, cwd: string, path: string): string | undefined {
  if (/[/\\]/.test(command)) {
    const whole = isAbsolute(command) ? command : resolve(cwd, command)
    return isProgram(whole) ? whole : undefined
  }
  return path
    .split(delimiter)
    .map((folder) => join(resolve(cwd, folder), command))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** A query may hold a key. */
export function withoutQuery(address: string): string {
  const { origin, pathname } = new URL(address)
  return `${origin}${pathname}`
}
