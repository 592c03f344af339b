/** What is known of a value before there is one. */
export type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'list'
  | 'map'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'dyn'

export interface Signature {
  /** What it is called on; undefined where it stands by itself. */
  readonly target: readonly Kind[] | undefined
  readonly parameters: readonly (readonly Kind[])[]
  readonly result: Kind
}

/** Everything that can be called, operators by the names that the library has for them. */
export const signatures: ReadonlyMap<string, readonly Signature[]> = readSignatures(`
  !_(bool) bool
  -_(int) int
  -_(double) double
  _+_(int, int) int
  _+_(uint, uint) uint
  _+_(double, double) double
  _+_(string, string) string
  _+_(bytes, bytes) bytes
  _+_(list, list) list
  _+_(duration, duration) duration
  _+_(timestamp, duration) timestamp
  _+_(duration, timestamp) timestamp
  _-_(int, int) int
  _-_(uint, uint) uint
  _-_(double, double) double
  _-_(timestamp, timestamp) duration
  _-_(duration, duration) duration
  _-_(timestamp, duration) timestamp
  _*_(int, int) int
  _*_(uint, uint) uint
  _*_(double, double) double
  _/_(int, int) int
  _/_(uint, uint) uint
  _/_(double, double) double
  _%_(int, int) int
  _%_(uint, uint) uint
  _==_(any, any) bool
  _!=_(any, any) bool
  ${['_<_', '_<=_', '_>_', '_>=_'].map(ordered).join('')}
  @in(any, list) bool
  @in(string|int|uint|double|bool, map) bool
  _[_](list, int|uint|double) dyn
  _[_](map, string|int|uint|double|bool) dyn
  size(string|bytes|list|map) int
  string|bytes|list|map.size() int
  string.contains(string) bool
  string.startsWith(string) bool
  string.endsWith(string) bool
  string.matches(string) bool
  matches(string, string) bool
  string.charAt(int) string
  string.indexOf(string) int
  string.lowerAscii() string
  string.upperAscii() string
  string.trim() string
  string.substring(int) string
  string.substring(int, int) string
  string.split(string) list
  string.glob(string) bool
  string.inCidr(string|list) bool
  timestamp.within(string) bool
  timestamp.within(string, string) bool
  ${['FullYear', 'Month', 'Date', 'DayOfMonth', 'DayOfWeek', 'DayOfYear'].map(getter).join('')}
  ${['Hours', 'Minutes', 'Seconds', 'Milliseconds'].map(getter).join('')}
  duration.getHours() int
  duration.getMinutes() int
  duration.getSeconds() int
  duration.getMilliseconds() int
  int(int|uint|double|string|timestamp|duration) int
  uint(int|uint|double|string) uint
  double(int|uint|double|string) double
  bool(bool|string) bool
  bytes(bytes|string) bytes
  string(string|bool|int|uint|double|bytes|timestamp|duration) string
  timestamp(timestamp|string) timestamp
  duration(duration|string) duration
  type(any) type
  dyn(any) dyn
`)

function ordered(name: string): string {
  const sorts = ['int|uint|double', 'string', 'bool', 'bytes', 'timestamp', 'duration']
  return sorts.map((sort) => `${name}(${sort}, ${sort}) bool\n`).join('')
}

function getter(name: string): string {
  return `timestamp.get${name}() int\ntimestamp.get${name}(string) int\n`
}

function readSignatures(lines: string): ReadonlyMap<string, readonly Signature[]> {
  const form = /^(?:([\w|]+)\.)?([^.(]+)\((.*)\) (\w+)$/
  const all = new Map<string, Signature[]>()
  for (const line of lines.trim().split(/\s*\n\s*/)) {
    const [, target, name = '', parameters = '', result] = form.exec(line) ?? []
    const signature: Signature = {
      target: target === undefined ? undefined : kindsOf(target),
      parameters: parameters === '' ? [] : parameters.split(', ').map(kindsOf),
      result: result as Kind,
    }
    all.set(name, [...(all.get(name) ?? []), signature])
  }
  return all
}

/** None are named by `any`: everything fits. */
function kindsOf(text: string): readonly Kind[] {
  return text === 'any' ? [] : (text.split('|') as Kind[])
}
