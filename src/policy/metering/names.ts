/** The names under which a metered module exports what it is steered by; each is a mutable global. */
export const meterExports = {
  /** i64: instructions, weighted, that may still be executed. Below zero the module traps. */
  fuel: 'portcullis.fuel',
  /** i32: the memory that the module believes to have, in pages; never more than it really has. */
  pages: 'portcullis.pages',
  /** i32: how many pages it may come to have. */
  maxPages: 'portcullis.max_pages',
  /** i32: how many pages it would have had by the last growth that was refused; 0 where none was. */
  refusedPages: 'portcullis.refused_pages',
} as const

/** The name under which the mutable global of the module with this number, counted from 0, is exported. */
export function globalExport(index: number): string {
  return `portcullis.g${index}`
}

/** What a new instance has as `fuel`: its start code runs before the host can set any. */
export const startFuel = 100_000_000n
