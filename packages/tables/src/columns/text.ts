import { createReadStream } from 'node:fs'
import { UserError } from '@headgate/core'

/**
 * The text of a UTF-8 file in pieces, without a byte order mark.
 * @throws UserError when it is not UTF-8.
 */
export async function* readPieces(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
    const text = decode(() => decoder.decode(chunk as Buffer, { stream: true }), path)
    if (text !== '') yield text
  }
  const rest = decode(() => decoder.decode(), path)
  if (rest !== '') yield rest
}

function decode(work: () => string, path: string): string {
  try {
    return work()
  } catch (cause) {
    const fix = 'Save it as UTF-8.'
    throw new UserError({ what: 'is not UTF-8 text.', where: { file: path }, fix }, { cause })
  }
}
