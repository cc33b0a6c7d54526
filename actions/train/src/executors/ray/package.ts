import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { strictJson, UserError } from '@headgate/core'
import { digestFile, isInside } from '@headgate/files'
import { Zip, ZipPassThrough } from 'fflate'
import { contractVariables } from '../contract.ts'
import type { Spec } from '../port.ts'
import { ownFolder, program, resultNames } from './program.ts'

/** Ray's dashboard takes no larger body, and keeps packages in the head's memory. */
const largestBytes = 100_000_000

interface Part {
  readonly path: string
  readonly source: string | { readonly text: string }
}

/**
 * Writes a training as the zip file that Ray unpacks into the job's working directory, and hands it to `work`.
 * @throws UserError where it is too large.
 */
export async function withPackage<T>(
  spec: Spec,
  temporary: string,
  work: (file: string, name: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(temporary, 'ray-'))
  try {
    const file = join(folder, 'package.zip')
    const parts = partsOf(spec)
    await refuseLarge(parts)
    await writeZip(file, parts)
    const { digest } = await digestFile(file)
    return await work(file, digest.slice('sha256:'.length, 'sha256:'.length + 32))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function partsOf(spec: Spec): Part[] {
  const data = spec.data.map(({ location }, index) => placeInput(spec.folder, location, index))
  const local = data.filter((one) => one.from !== undefined)
  const code = spec.files.filter((path) => !local.some(({ at }) => at === path))
  const training = {
    argv: spec.argv,
    data: data.map(({ at }) => at),
    contract: contractVariables(spec, { data: [], output: '', params: '' }),
    limit: spec.memoryBytes ?? null,
    timeout: spec.timeoutMs === undefined ? null : spec.timeoutMs / 1000,
    ...resultNames(spec.name, spec.runId),
  }
  const own = (name: string, text: string): Part => ({ path: `${ownFolder}/${name}`, source: { text } })
  return [
    ...code.map((path) => ({ path: path.split(sep).join('/'), source: join(spec.folder, path) })),
    ...local.map(({ at, from }) => ({ path: at, source: from as string })),
    own('run.py', program),
    own('training.json', JSON.stringify(training)),
    own('params.json', strictJson(spec.params)),
    own('variables.json', JSON.stringify(spec.variables)),
  ]
}

interface PlacedInput {
  /** What the command finds it by: a URL, or a path in the working directory. */
  readonly at: string
  /** Where it lies on this machine, if it does. */
  readonly from: string | undefined
}

function placeInput(tree: string, location: string, index: number): PlacedInput {
  if (location.includes('://')) return { at: location, from: undefined }
  const path = isInside(tree, location) ? relative(tree, location) : `.headgate-data/${index}/${basename(location)}`
  return { at: path.split(sep).join('/'), from: location }
}

async function refuseLarge(parts: readonly Part[]): Promise<void> {
  const sizes = await Promise.all(parts.map(async ({ source }) => sizeOf(source)))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total <= largestBytes) return
  const [largest] = parts.map(({ path }, index) => ({ path, size: sizes[index] ?? 0 })).sort((a, b) => b.size - a.size)
  throw new UserError({
    what: `code and data are ${megabytes(total)}, and Ray takes 100 MB (${largest?.path} alone is ${megabytes(largest?.size ?? 0)}).`,
    fix: 'Name data by URLs that the cluster’s machines can read (`data: s3://…`), and the code’s files by `code`.',
  })
}

async function sizeOf(source: Part['source']): Promise<number> {
  return typeof source === 'string' ? (await stat(source)).size : Buffer.byteLength(source.text)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Stored, not compressed: what is large is compressed by itself. */
async function writeZip(file: string, parts: readonly Part[]): Promise<void> {
  const descriptor = openSync(file, 'w')
  try {
    const zip = new Zip((error, chunk) => {
      if (error) throw error
      writeSync(descriptor, chunk)
    })
    for (const { path, source } of parts) {
      const entry = new ZipPassThrough(path)
      // The same training is the same package.
      entry.mtime = new Date(1980, 0, 1)
      zip.add(entry)
      if (typeof source === 'string') for await (const chunk of createReadStream(source)) entry.push(chunk as Buffer)
      else entry.push(Buffer.from(source.text))
      entry.push(new Uint8Array(), true)
    }
    zip.end()
  } finally {
    closeSync(descriptor)
  }
}
