import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { digestSchema, OutsideError } from '@headgate/core'
import { isInside } from '@headgate/files'
import { type Ray, readFile } from '@headgate/systems/ray'
import { z } from 'zod'

const resultSchema = z.object({
  exitCode: z.int().nullable(),
  cause: z.enum(['timeout', 'memory', 'signal', 'start']).nullable(),
  message: z.string().nullable(),
  peakMemoryBytes: z.number().nullable(),
  files: z.array(z.object({ path: z.string(), bytes: z.int().nonnegative(), digest: digestSchema })),
  /** The log folder of the node, where these files lie. */
  folder: z.string(),
})
/** What a job tells of itself when it ends. */
export type Result = z.output<typeof resultSchema>

/** Reads what a job told; `undefined` where it came to no end of its own, or its node has gone. */
export async function readResult(ray: Ray, nodeId: string, name: string): Promise<Result | undefined> {
  const bytes = await readFile(ray, { nodeId, name })
  if (bytes === undefined) return undefined
  const parts: Buffer[] = []
  for await (const part of bytes) parts.push(part)
  return resultSchema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
}

/** Cuts the content, one file after the other, into a folder. @throws OutsideError where it is not what was told. */
export async function unpack(content: AsyncIterable<Buffer>, files: Result['files'], into: string): Promise<void> {
  const source = content[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  for (const { path, bytes, digest } of files) {
    const target = join(into, path)
    if (!isInside(into, target)) throw damaged(path)
    await mkdir(dirname(target), { recursive: true })
    const hash = createHash('sha256')
    const file = createWriteStream(target)
    for (let left = bytes; left > 0; ) {
      if (rest.length === 0) {
        const { value, done } = await source.next()
        if (done) throw damaged(path)
        rest = value
      }
      const part = rest.subarray(0, left)
      rest = rest.subarray(part.length)
      left -= part.length
      hash.update(part)
      if (!file.write(part)) await once(file, 'drain')
    }
    file.end()
    await finished(file)
    if (`sha256:${hash.digest('hex')}` !== digest) throw damaged(path)
  }
}

function damaged(path: string): OutsideError {
  return new OutsideError({
    tried: `The job’s output was read from its node.`,
    state: `${path} is not what the job wrote.`,
    next: 'Run it again: what is there is attached to.',
  })
}
