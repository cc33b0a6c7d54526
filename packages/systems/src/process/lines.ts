import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines. A character split over two chunks is put together again. */
export interface LineSplitter {
  write(chunk: Buffer): void
  /** Hands over what stands after the last line break. */
  end(): void
}

/**
 * Calls `onLine` per line, without its break. Of a line redrawn with carriage returns, the last state counts, unless
 * `shown` says otherwise.
 */
export function splitLines(onLine: (line: string) => void, shown: (line: string) => string = lastState): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let pending: string[] = []
  const take = (text: string): void => {
    let from = 0
    // Only the new text is searched, so that a very long line costs its length once.
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      const line = pending.join('') + text.slice(from, at)
      pending = []
      from = at + 1
      onLine(shown(line))
    }
    if (from < text.length) pending.push(text.slice(from))
  }
  return {
    write: (chunk) => take(decoder.write(chunk)),
    end: () => {
      take(decoder.end())
      if (pending.length > 0) onLine(shown(pending.join('')))
      pending = []
    },
  }
}

function lastState(line: string): string {
  const drawn = line.replace(/\r+$/, '')
  return drawn.slice(drawn.lastIndexOf('\r') + 1)
}
