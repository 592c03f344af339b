import { fuelPerMs } from './metering/fuel.js'

export function fuelOf(milliseconds: number): number {
  return Math.ceil(milliseconds * fuelPerMs)
}
