import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

interface Import {
  readonly from: string
  readonly to: string
  readonly dynamic: boolean
}

/** Every import of a source file, as the room it comes from and the room (or package) it goes to. */
function importsOf(file: string, text: string): Import[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)[^'"`;]*?from\s+'([^']+)'|(?:^|\n)import\s+'([^']+)'|(import)\(\s*'([^']+)'/g
  return [...text.matchAll(pattern)].map((found) => ({
    from: file,
    to: found[1] ?? found[2] ?? found[4] ?? '',
    dynamic: found[3] !== undefined,
  }))
}

function room(file: string): string {
  return file.split('/').slice(0, 2).join('/')
}

const manifests = globSync('{packages,actions,apps}/*/package.json', { cwd: root })
const roomOf = new Map(
  manifests.map((file) => [
    (JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string }).name,
    dirname(file),
  ]),
)

/** The room that an import leads to, or the name of a package from outside. */
function target(found: Import): string {
  if (found.to.startsWith('.')) return room(relative(root, resolve(root, dirname(found.from), found.to)))
  if (found.to.startsWith('@headgate/')) return roomOf.get(found.to.split('/').slice(0, 2).join('/')) ?? found.to
  return found.to
}

const layers = ['packages', 'actions', 'apps']

/** What is wrong with an import, by the rules of the map; `undefined` when it is fine. */
function broken(found: Import): string | undefined {
  const from = room(found.from)
  const to = target(found)
  const said = `${found.from} imports ${found.to}`
  const isOurs = roomOf.has(`@headgate/${to.split('/')[1] ?? ''}`) && layers.includes(to.split('/')[0] ?? '')
  if (isOurs && from !== to) {
    const [upper, lower] = [layers.indexOf(from.split('/')[0] ?? ''), layers.indexOf(to.split('/')[0] ?? '')]
    if (lower > upper) return `${said}: ${from} must not know ${to}`
    if (from.startsWith('actions/') && to.startsWith('actions/')) return `${said}: actions never import each other`
    if (from === 'packages/core' || from === 'packages/statistics') return `${said}: ${from} imports no other room`
    if (from === 'packages/runners' && to === 'packages/forges') return `${said}: runners do not know forges`
    if (from === 'packages/forges' && to === 'packages/runners') return `${said}: forges do not know runners`
    if (from !== to && found.to.startsWith('.')) return `${said}: another room is imported by its name`
  }
  if (from === 'packages/core' && !found.to.startsWith('.') && !/^(zod|node:)/.test(found.to))
    return `${said}: core imports zod only`
  if (from === 'packages/statistics' && !found.to.startsWith('.')) return `${said}: statistics imports nothing`
  const isToolkit = /^@actions\/(core|cache|artifact|tool-cache)/.test(found.to)
  if (isToolkit && !found.from.startsWith('packages/runners/src/github')) return `${said}: only runners/github may`
  if (/^(@octokit\/|@actions\/github)/.test(found.to) && from !== 'packages/forges') return `${said}: only forges may`
  return undefined
}

test('the import rules of the map hold in every source file', () => {
  const files = globSync('{packages,actions,apps}/*/src/**/*.ts', { cwd: root }).filter(
    (file) => !/(\.test|conformance)\.ts$/.test(file) && !file.startsWith('packages/testkit/'),
  )
  expect(files.length).toBeGreaterThan(20)
  const found = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')))
  expect(found.flatMap((one) => broken(one) ?? [])).toEqual([])
})

test.each([
  ['packages/core/src/stage.ts', "import { x } from '@headgate/settings'"],
  ['packages/statistics/src/a.ts', "import { readFile } from 'node:fs'"],
  ['packages/tables/src/a.ts', "import { x } from '@headgate/train'"],
  ['actions/train/src/a.ts', "import { x } from '@headgate/deploy'"],
  ['packages/runners/src/a.ts', "import type { Forge } from '@headgate/forges'"],
  ['packages/reports/src/a.ts', "export { setOutput } from '@actions/core'"],
  ['apps/cli/src/a.ts', "const x = await import('@actions/github')"],
  ['packages/reports/src/a.ts', "import { x } from '../../core/src/names.ts'"],
])('the rules refuse %s: %s', (file, text) => {
  expect(importsOf(file, text).map(broken)).toEqual([expect.stringContaining(file)])
})

test('nothing is called utils, helpers, common or misc', () => {
  const names = globSync('{packages,actions,apps,scripts,test}/**/{utils,helpers,common,misc}{,.ts}', {
    cwd: root,
    exclude: (name) => name.includes('node_modules'),
  })
  expect(names.filter((name) => !name.includes('node_modules'))).toEqual([])
})
