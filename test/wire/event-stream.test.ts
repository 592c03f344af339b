import { describe, expect, test } from 'vitest'
import {
  createEventSplitter,
  type EventFrame,
  replaceData,
  writeEvent,
} from '../../src/wire/event-stream.js'
import { createRandom, type Random } from './json-random.js'

function split(...chunks: string[]): EventFrame[] {
  const splitter = createEventSplitter()
  const frames = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)))
  const rest = splitter.flush()
  return rest === undefined ? frames : [...frames, rest]
}

function rawOf(frames: readonly EventFrame[]): string[] {
  return frames.map(({ raw }) => raw.toString())
}

function dataOf(frames: readonly EventFrame[]): (string | undefined)[] {
  return frames.map(({ data }) => data?.toString())
}

function only(frames: readonly EventFrame[]): EventFrame {
  const [frame] = frames
  if (frame === undefined || frames.length > 1) throw new Error(`${frames.length} frames`)
  return frame
}

describe('the fields of an event', () => {
  test.each([
    ['data: a\n\n', 'a'],
    ['data:a\n\n', 'a'],
    ['data:  a \n\n', ' a '],
    ['data:\n\n', ''],
    ['data: \n\n', ''],
    ['data\n\n', ''],
    ['data:a\ndata\ndata: b\n\n', 'a\n\nb'],
    ['data:a\r\ndata:b\r\rdata', 'a\nb'],
    ['id: 1\nevent: x\n: note\ndata: ü:{"a":1}\nretry: 5\n\n', 'ü:{"a":1}'],
    ['Data: a\n\n', undefined],
    [' data: a\n\n', undefined],
    ['data : a\n\n', undefined],
    ['datas: a\n\n', undefined],
    ['dat\n\n', undefined],
    ['event: data: a\n\n', undefined],
    ['id: 7\n\n', undefined],
  ])('%j has the data %j', (text, data) => {
    expect(dataOf(split(text))[0]).toBe(data)
  })

  test('type and id are the last ones given', () => {
    const frame = only(split('id: 1\nevent: a\nid:two:2\nevent: message\ndata: x\n\n'))
    expect(frame).toMatchObject({ event: 'message', id: 'two:2' })
    expect(only(split('data: x\n\n'))).toMatchObject({ event: '', id: undefined })
    expect(only(split('id\ndata: x\n\n')).id).toBe('')
  })

  test('an id with a NUL is ignored', () => {
    expect(only(split('id: 1\nid: \u0000\ndata: x\n\n')).id).toBe('1')
  })

  test('a line separator of Unicode ends no line', () => {
    expect(dataOf(split('data: a\u2028data: b\u0085\u000b\n\n'))).toEqual([
      'a\u2028data: b\u0085\u000b',
    ])
  })
})

describe('frames', () => {
  test.each(['\n', '\r', '\r\n'])('end at a blank line, line ends being %j', (end) => {
    const frames = split(`data: a${end}${end}id: 1${end}data: b${end}${end}`)
    expect(rawOf(frames)).toEqual([`data: a${end}${end}`, `id: 1${end}data: b${end}${end}`])
    expect(dataOf(frames)).toEqual(['a', 'b'])
  })

  test('are the same when line ends are mixed', () => {
    expect(rawOf(split('data: a\r\ndata: b\n\rdata: c\r\r\ndata: d\n\r\n'))).toEqual([
      'data: a\r\ndata: b\n\r',
      'data: c\r\r\n',
      'data: d\n\r\n',
    ])
  })

  test('of comments and blank lines stand alone in front of an event', () => {
    const frames = split(': ping\n\n\n: a\n: b\ndata: x\n: inside\ndata: y\n\n')
    expect(rawOf(frames)).toEqual([
      ': ping\n',
      '\n',
      '\n',
      ': a\n',
      ': b\n',
      'data: x\n: inside\ndata: y\n\n',
    ])
    expect(dataOf(frames)).toEqual([undefined, undefined, undefined, undefined, undefined, 'x\ny'])
  })

  test('of a comment are given as soon as its line has ended', () => {
    const splitter = createEventSplitter()
    expect(splitter.push(Buffer.from(': keep-'))).toEqual([])
    expect(rawOf(splitter.push(Buffer.from('alive\n')))).toEqual([': keep-alive\n'])
    expect(splitter.pendingBytes).toBe(0)
  })

  test('that end with CR are given at once, and an LF that follows is not another line', () => {
    const splitter = createEventSplitter()
    expect(rawOf(splitter.push(Buffer.from('data: a\r\n\r')))).toEqual(['data: a\r\n\r'])
    expect(splitter.pendingBytes).toBe(0)
    expect(rawOf(splitter.push(Buffer.from('\ndata: b\r')))).toEqual(['\n'])
    expect(splitter.push(Buffer.from('\n'))).toEqual([])
    expect(dataOf(splitter.push(Buffer.from('data: c\r\n\r\n')))).toEqual(['b\nc'])
  })

  test('are not cut by a CR LF that an empty chunk divides', () => {
    expect(dataOf(split('data: a\r', '', '\ndata: b\r\n', '\r', '', '\n'))).toEqual([
      'a\nb',
      undefined,
    ])
  })

  test('share the memory of the chunk that holds them whole', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n')
    const frames = createEventSplitter().push(chunk)
    expect(frames.map(({ raw }) => raw.buffer === chunk.buffer)).toEqual([true, true])
  })
})

describe('the byte order mark', () => {
  test.each([[['\ufeffdata: a\n\n']], [['\ufeff', 'data: a\n\n']]])(
    'in front of the stream is a frame of its own: %j',
    (chunks) => {
      const frames = split(...chunks)
      expect(rawOf(frames)).toEqual(['\ufeff', 'data: a\n\n'])
      expect(dataOf(frames)).toEqual([undefined, 'a'])
    },
  )

  test('may come byte by byte, and less than a mark is text', () => {
    const text = Buffer.from('\ufeffdata: a\n\n')
    expect(dataOf(bytewise(text))).toEqual([undefined, 'a'])
    expect(rawOf(bytewise(text.subarray(1)))).toHaveLength(1)
    expect(dataOf(bytewise(Buffer.concat([text.subarray(0, 2), text.subarray(3)])))).toEqual([
      undefined,
    ])
    expect(bytewise(text.subarray(0, 2)).map(({ raw }) => raw.length)).toEqual([2])
  })

  test('further on is part of a name', () => {
    expect(dataOf(split('data: a\n\n\ufeffdata: b\n\n'))).toEqual(['a', undefined])
  })

  function bytewise(text: Buffer): EventFrame[] {
    const splitter = createEventSplitter()
    const frames = Array.from(text, (byte) => splitter.push(Buffer.from([byte]))).flat()
    const rest = splitter.flush()
    return rest === undefined ? frames : [...frames, rest]
  }
})

describe('the end of the stream', () => {
  test('gives what is left, read as an event', () => {
    const splitter = createEventSplitter()
    expect(splitter.push(Buffer.from('id: 3\ndata: {"a":'))).toEqual([])
    expect(splitter.pendingBytes).toBe(17)
    expect(splitter.flush()).toMatchObject({ id: '3', data: Buffer.from('{"a":') })
    expect(splitter.pendingBytes).toBe(0)
    expect(splitter.flush()).toBeUndefined()
  })

  test('gives nothing after a whole event', () => {
    const splitter = createEventSplitter()
    splitter.push(Buffer.from('data: a\n\n'))
    expect(splitter.flush()).toBeUndefined()
  })
})

describe('however a stream is cut into chunks', () => {
  test('the frames add up to its bytes, and the events in it are the same', () => {
    const random = createRandom(6)
    for (let round = 0; round < 1500; round += 1) {
      const text = randomStream(random)
      const whole = split(text)
      const frames = split(...randomChunks(text, random))
      expect(rawOf(frames).join('')).toBe(text)
      expect(rawOf(whole).join('')).toBe(text)
      expect(eventsOf(frames)).toEqual(eventsOf(whole))
      expect(eventsOf(whole)).toEqual(readByStandard(text))
    }
  })

  test('a large event is put together in linear time', () => {
    const data = Buffer.alloc(9 * 1024 * 1024, 'abcdefgh:')
    const event = Buffer.concat([Buffer.from('data: '), data, Buffer.from('\n\n')])
    expect(only(pushInChunks(event, 64 * 1024)).data?.equals(data)).toBe(true)
    expect(only(pushInChunks(event.subarray(9 * 1024 * 1024 - 200_000), 1)).raw.length).toBe(
      200_008,
    )
  })

  test('many lines are read in linear time, with and without the other line end', () => {
    const lines = 'data: x\n'.repeat(100_000)
    expect(only(split(`${lines}\n`)).data?.length).toBe(199_999)
    expect(split('data: x\n\n'.repeat(50_000))).toHaveLength(50_000)
    expect(split(':\r'.repeat(100_000))).toHaveLength(100_000)
  })

  function pushInChunks(bytes: Buffer, size: number): EventFrame[] {
    const splitter = createEventSplitter()
    const frames: EventFrame[] = []
    for (let at = 0; at < bytes.length; at += size) {
      frames.push(...splitter.push(bytes.subarray(at, at + size)))
    }
    return frames
  }

  function randomChunks(text: string, random: Random): string[] {
    const chunks: string[] = []
    for (let at = 0; at < text.length;) {
      const size = random.below(random.pick([2, 8, 40]))
      chunks.push(text.slice(at, at + size))
      at += size
    }
    return chunks
  }

  function randomStream(random: Random): string {
    const pieces = [
      'data: a',
      'data:',
      'data',
      ':',
      'id: 1',
      'event: x',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      'x',
    ] as const
    return Array.from({ length: random.below(24) }, () => random.pick(pieces)).join('')
  }
})

describe('other data in an event', () => {
  test('takes the place of the first data line, and everything else stays', () => {
    const raw = 'id: 1\r\n: note\r\ndata: {"a":\r\nretry: 10\r\ndata:1}\r\nx\r\n\r\n'
    expect(replaceData(only(split(raw)), Buffer.from('{"b":2}')).toString()).toBe(
      'id: 1\r\n: note\r\ndata: {"b":2}\r\nretry: 10\r\nx\r\n\r\n',
    )
  })

  test.each([
    ['data: x\n\n', 'a\nb', 'data: a\ndata: b\n\n'],
    ['data: x\r\r', 'a\r\nb\n', 'data: a\rdata: b\rdata: \r\r'],
    ['data:x\n\n', ' a', 'data:  a\n\n'],
    ['data\n\n', '', 'data: \n\n'],
    ['id: 1\ndata: x', 'a\nb', 'id: 1\ndata: a\ndata: b\n'],
  ])('%j with %j becomes %j', (raw, data, text) => {
    expect(replaceData(only(split(raw)), Buffer.from(data)).toString()).toBe(text)
  })

  test('leaves an event without data as it is', () => {
    expect(replaceData(only(split('id: 1\n\n')), Buffer.from('a')).toString()).toBe('id: 1\n\n')
  })

  test('is what a reader of the event gets', () => {
    for (const data of ['{"a":1}', '{\n"a": 1\n}', '', ' x', 'a\n\nb', '\n']) {
      const written = replaceData(
        only(split('event: message\nid: 4\ndata: x\ndata: y\n\n')),
        Buffer.from(data),
      )
      expect(only(split(written.toString()))).toMatchObject({
        event: 'message',
        id: '4',
        data: Buffer.from(data),
      })
      expect(dataOf(split(writeEvent(Buffer.from(data)).toString()))).toEqual([data])
    }
  })
})

function eventsOf(frames: readonly EventFrame[]): string[] {
  return frames.filter(({ data }) => data !== undefined).map(({ data }) => String(data))
}

/** The data of all events, the last one included even if its blank line is missing. */
function readByStandard(text: string): string[] {
  const blocks = text
    .replace(/\r\n|\r/g, '\n')
    .split('\n')
    .reduce<string[][]>(
      (found, line) =>
        line === '' ? [...found, []] : [...found.slice(0, -1), [...(found.at(-1) ?? []), line]],
      [[]],
    )
  return blocks
    .map((lines) => lines.filter((line) => line === 'data' || line.startsWith('data:')))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n'))
}
