// Derives every workspace's tsconfig.json, and the root's, from the dependencies that its package.json names.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
}

const root = join(import.meta.dirname, '..')
const manifests = globSync('{packages,actions,apps}/*/package.json', { cwd: root }).sort()
const folders = new Map(manifests.map((file) => [readManifest(file).name, dirname(file)]))

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest
}

function projectOf(file: string): string {
  const folder = dirname(file)
  const references = Object.keys(readManifest(file).dependencies ?? {})
    .flatMap((name) => folders.get(name) ?? [])
    .map((path) => ({ path: relative(folder, path) }))
  return json({
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'build' },
    include: ['src'],
    exclude: ['src/**/*.test.ts', 'src/**/conformance.ts'],
    references,
  })
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

for (const file of manifests) writeFileSync(join(root, dirname(file), 'tsconfig.json'), projectOf(file))
writeFileSync(
  join(root, 'tsconfig.json'),
  json({ files: [], references: [...folders.values()].map((path) => ({ path })) }),
)
