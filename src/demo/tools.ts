import { setTimeout as pause } from 'node:timers/promises'
import { employees } from './employees.js'
import { convert, isUnit, units } from './temperature.js'

export interface DemoTool {
  /** What `tools/list` says of it. */
  readonly listing: {
    readonly name: string
    readonly title: string
    readonly description: string
    readonly inputSchema: {
      type: 'object'
      properties: Record<string, object>
      required?: string[]
    }
    readonly annotations: { readOnlyHint: boolean; destructiveHint?: boolean }
  }
  readonly run: (args: Args, call: RunningCall) => ToolResult | Promise<ToolResult>
}

export type Args = Readonly<Record<string, unknown>>

export interface RunningCall {
  readonly signal: AbortSignal
  report(progress: number, total: number): Promise<void>
}

/** A type rather than an interface: the SDK's results have an index signature. */
export type ToolResult = {
  content: { type: 'text'; text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}

const reads = { readOnlyHint: true }

export const tools: readonly DemoTool[] = [
  {
    listing: {
      name: 'weather.get',
      title: 'Weather',
      description: 'The weather in a city, as it always is there',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      annotations: reads,
    },
    run: getWeather,
  },
  {
    listing: {
      name: 'temp.convert',
      title: 'Convert a temperature',
      description: 'Converts a temperature between degrees Celsius, degrees Fahrenheit and Kelvin',
      inputSchema: {
        type: 'object',
        properties: {
          temp: { type: 'number' },
          from: { type: 'string', enum: [...units], default: 'C' },
          to: { type: 'string', enum: [...units], default: 'F' },
        },
        required: ['temp'],
      },
      annotations: reads,
    },
    run: convertTemperature,
  },
  {
    listing: {
      name: 'database.backup',
      title: 'Back up a database',
      description: 'Pretends to write a backup',
      inputSchema: {
        type: 'object',
        properties: { database: { type: 'string', default: 'main' } },
      },
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    run: ({ database }) => says(`Backup of ${textOr(database, 'main')} written`),
  },
  {
    listing: {
      name: 'alert',
      title: 'Alert',
      description: 'A text in red, by terminal escapes',
      inputSchema: { type: 'object', properties: {} },
      annotations: reads,
    },
    run: () => says('\u001B[31mALERT\u001B[0m'),
  },
  {
    listing: {
      name: 'employee_data',
      title: 'Employee data',
      description:
        'What is on file about an employee: name, department, and fields that policy may hide',
      inputSchema: {
        type: 'object',
        properties: { employee_id: { type: 'string', enum: [...employees.keys()] } },
        required: ['employee_id'],
      },
      annotations: reads,
    },
    run: getEmployee,
  },
  {
    listing: {
      name: 'report.build',
      title: 'Build a report',
      description: 'Takes its time and reports progress',
      inputSchema: {
        type: 'object',
        properties: {
          steps: { type: 'integer', minimum: 1, maximum: 100, default: 5 },
          pause_ms: { type: 'integer', minimum: 0, maximum: 1000, default: 200 },
        },
      },
      annotations: reads,
    },
    run: buildReport,
  },
]

function getWeather({ city }: Args): ToolResult {
  if (typeof city !== 'string' || city === '') return fails('`city` has to be the name of a city')
  const skies = ['sunny', 'cloudy', 'light rain', 'windy', 'fog'] as const
  const seed = Buffer.from(city).reduce((sum, byte) => sum + byte, 0)
  const weather = { city, temperature: seed % 30, sky: skies[seed % skies.length] }
  return says(`${city}: ${weather.temperature} °C, ${weather.sky ?? ''}`, weather)
}

function convertTemperature({ temp, from = 'C', to = 'F' }: Args): ToolResult {
  if (typeof temp !== 'number') return fails('`temp` has to be a number')
  if (!isUnit(from) || !isUnit(to)) return fails('`from` and `to` have to be C, F or K')
  const result = convert(temp, from, to)
  return says(`${temp} ${from} = ${result} ${to}`, { temp: result, unit: to })
}

function getEmployee({ employee_id: id }: Args): ToolResult {
  const employee = typeof id === 'string' ? employees.get(id) : undefined
  if (!employee) return fails('`employee_id` is nobody that is known here')
  return says(JSON.stringify(employee), { ...employee })
}

async function buildReport(args: Args, call: RunningCall): Promise<ToolResult> {
  const steps = integerOr(args['steps'], 5)
  const pauseMs = integerOr(args['pause_ms'], 200)
  if (steps < 1 || steps > 100) return fails('`steps` has to be from 1 to 100')
  if (pauseMs < 0 || pauseMs > 1000) return fails('`pause_ms` has to be from 0 to 1000')
  for (let step = 1; step <= steps; step++) {
    await pause(pauseMs, undefined, { signal: call.signal })
    await call.report(step, steps)
  }
  return says(`Report built in ${steps} steps`)
}

function says(text: string, structuredContent?: Record<string, unknown>): ToolResult {
  const content: ToolResult['content'] = [{ type: 'text', text }]
  return structuredContent ? { content, structuredContent } : { content }
}

function fails(text: string): ToolResult {
  return { ...says(text), isError: true }
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

function integerOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? Math.trunc(value) : otherwise
}
