import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OutsideError, UserError } from '@headgate/core'
import { confine } from '@headgate/files'
import { type Cluster, fillFrom } from '@headgate/systems/kubernetes'
import { extract } from 'tar-stream'

/** A container that sees the output. */
export interface Source {
  readonly pod: string
  readonly container: string
  readonly folder: string
}

const tries = 3

/** Copies a folder out of a container, as a stream: again from the start when the connection was lost on the way. */
export async function copyOut(cluster: Cluster, source: Source, into: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await copyOnce(cluster, source, into)
      return
    } catch (error) {
      if (attempt === tries || !(error instanceof OutsideError)) throw error
      for (const name of await readdir(into)) await rm(join(into, name), { recursive: true })
    }
  }
}

async function copyOnce(cluster: Cluster, { pod, container, folder }: Source, into: string): Promise<void> {
  const stream = new PassThrough({ highWaterMark: 4 * 1024 * 1024 })
  // Links become what they lead to: they would lead nowhere here.
  const command = ['tar', '-chf', '-', '-C', folder, '.']
  const unpacked = unpack(stream, into)
  unpacked.catch((error: unknown) => stream.destroy(error as Error))
  await fillFrom(cluster, { pod, container, command }, stream)
  await unpacked
}

/** @throws UserError for what leads outside; an Error for an archive that was cut. */
async function unpack(stream: Readable, into: string): Promise<void> {
  const archive = extract()
  stream.once('error', (error) => archive.destroy(error))
  stream.pipe(archive)
  for await (const entry of archive) {
    await write(entry, into)
    entry.resume()
  }
}

type Entry = ReturnType<typeof extract> extends AsyncIterable<infer One> ? One : never

async function write(entry: Entry, into: string): Promise<void> {
  const { name, type, linkname } = entry.header
  const path = confine(into, name.replace(/\/+$/, '') || '.')
  if (type === 'directory') return void (await mkdir(path, { recursive: true }))
  await mkdir(dirname(path), { recursive: true })
  if (type === 'file' || type === 'contiguous-file') return pipeline(entry, createWriteStream(path))
  // The same file under a second name.
  if (type === 'link') return copyFile(confine(into, linkname ?? ''), path)
  throw new UserError({
    what: `the output holds ${name}, which is neither a file nor a folder.`,
    fix: 'Leave files and folders only in HEADGATE_OUTPUT.',
  })
}
