import { stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { UserError } from '@headgate/core'
import { isInside, listTree } from '@headgate/files'
import type { ArchiveEntry } from '@headgate/systems/ray'
import type { Spec } from '../port.ts'
import { driverPath, driverSource } from './driver.ts'

/** How a training comes to Ray. */
export interface Placement {
  /** What the work tree holds there: code, data that is files, and the driver. */
  readonly entries: readonly ArchiveEntry[]
  /** Per input a URL, or its path in that work tree. */
  readonly data: readonly string[]
}

/** Bytes: what a head takes as one request (100 MiB), with room for what a zip adds. */
const largest = 100_000_000

/**
 * Gathers what travels: the code, and data that is files.
 * @throws UserError above 100 MB.
 */
export async function placeTraining(spec: Spec): Promise<Placement> {
  const inputs = spec.data.map(({ location }, index) => placeInput(spec.folder, location, index))
  const code = spec.files.map((path) => ({ path, from: join(spec.folder, path) }))
  const data = await Promise.all(
    inputs.flatMap((input) => (input.from === undefined ? [] : [filesOf(input.from, input.to)])),
  )
  const files = new Map([...code, ...data.flat()].map((entry) => [entry.path, entry]))
  await refuseLarge([...files.values()])
  const driver = { path: driverPath, from: { text: driverSource } }
  return { entries: [...files.values(), driver], data: inputs.map(({ to }) => to) }
}

interface PlacedInput {
  /** Absolute path here; `undefined` for a URL. */
  readonly from: string | undefined
  readonly to: string
}

/** An input of the work tree keeps its place there; one from elsewhere keeps its name, which tells its format. */
function placeInput(tree: string, location: string, index: number): PlacedInput {
  if (location.includes('://')) return { from: undefined, to: location }
  const to = isInside(tree, location)
    ? relative(tree, location).split(sep).join('/')
    : `.headgate/data/${index}/${basename(location)}`
  return { from: location, to }
}

async function filesOf(from: string, to: string): Promise<{ path: string; from: string }[]> {
  if (!(await stat(from)).isDirectory()) return [{ path: to, from }]
  const names = await listTree(from)
  return names.map((name) => ({ path: to === '' ? name : `${to}/${name}`, from: join(from, name) }))
}

async function refuseLarge(files: readonly { path: string; from: string }[]): Promise<void> {
  const sizes = await Promise.all(files.map(async ({ path, from }) => ({ path, bytes: (await stat(from)).size })))
  const sum = sizes.reduce((total, { bytes }) => total + bytes, 0)
  if (sum <= largest) return
  const most = sizes.sort((a, b) => b.bytes - a.bytes).slice(0, 3)
  const named = most.map(({ path, bytes }) => `${path} (${megabytes(bytes)})`).join(', ')
  throw new UserError({
    what: `code and data that are files may have 100 MB together for \`executor: ray\`, and have ${megabytes(sum)}; the largest: ${named}.`,
    fix: 'Name data by URLs that Ray’s nodes can read, such as s3://bucket/train.parquet, and narrow `code` to what trains.',
  })
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`
}
