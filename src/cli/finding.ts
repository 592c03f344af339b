/** A `fault` stops the check; with a `warning`, `serve` starts and does less than was asked for. */
export interface Finding {
  readonly type: 'fine' | 'warning' | 'fault'
  readonly text: string
}
