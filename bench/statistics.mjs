/** The value below which the share `q` of the sorted values lies (nearest rank). */
export function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))]
}

export function sorted(values) {
  return Float64Array.from(values).sort()
}

export function median(values) {
  return quantile(sorted(values), 0.5)
}

/** Prints rows of equal members as a Markdown table. */
export function printTable(rows) {
  const names = Object.keys(rows[0])
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name])))]
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const [head, ...body] = cells.map(line)
  console.log([head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n'))
}

/** Three significant digits: more than that no run repeats. */
export function round(value) {
  return Number(value.toPrecision(3))
}
