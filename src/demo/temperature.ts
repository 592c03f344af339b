export const units = ['C', 'F', 'K'] as const

export type Unit = (typeof units)[number]

export function isUnit(value: unknown): value is Unit {
  return units.some((unit) => unit === value)
}

/** Rounded to hundredths. What is colder than possible is converted all the same: to forbid it is for policy. */
export function convert(temp: number, from: Unit, to: Unit): number {
  const converted = fromCelsius[to](toCelsius[from](temp))
  return Math.round(converted * 100) / 100
}

const toCelsius: Record<Unit, (temp: number) => number> = {
  C: (temp) => temp,
  F: (temp) => ((temp - 32) * 5) / 9,
  K: (temp) => temp - 273.15,
}

const fromCelsius: Record<Unit, (temp: number) => number> = {
  C: (temp) => temp,
  F: (temp) => (temp * 9) / 5 + 32,
  K: (temp) => temp + 273.15,
}
