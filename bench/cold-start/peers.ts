import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const folder = join(root, '.tools/bench')
const requirements = join(import.meta.dirname, 'requirements.txt')
const mark = join(folder, 'headgate-content')

/** The Python that has the peers, installed on the first call; or why there is none. */
export function installPeers(): { readonly python: string } | { readonly missing: string } {
  const python = join(folder, 'bin/python')
  const content = readFileSync(requirements, 'utf8')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === content) return { python }
  mkdirSync(join(root, '.tools'), { recursive: true })
  console.error('Installing the peers into .tools/bench …')
  const steps = [
    [process.env.PYTHON ?? 'python3', '-m', 'venv', '--clear', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
  ]
  for (const [command = '', ...words] of steps) {
    const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8' })
    const said = error?.message ?? stderr.trim().split('\n').at(-1)
    if (status !== 0) return { missing: `\`${words.slice(0, 3).join(' ')}\` failed: ${said}` }
  }
  writeFileSync(mark, content)
  return { python }
}
