// Builds the control plane: one binary from Go modules, kept by the digest of its sources. Also a script by itself, so
// that it can be built while other systems are tested.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../folders.ts'

const run = promisify(execFile)
const sources = join(import.meta.dirname, 'kubebox')

function kubeboxPath(): string {
  const hash = createHash('sha256')
  for (const name of globSync('*', { cwd: sources }).sort()) hash.update(name).update(readFileSync(join(sources, name)))
  return join(cacheFolder('kubernetes'), `kubebox-${hash.digest('hex').slice(0, 16)}`)
}

/**
 * Builds it where it is not there yet: minutes with a cold Go cache, seconds with a warm one.
 * @returns its path.
 */
export async function buildKubebox(): Promise<string> {
  const path = kubeboxPath()
  if (existsSync(path)) return path
  const unfinished = `${path}.${process.pid}`
  const flags = ['-trimpath', '-o', unfinished, '-ldflags', `-s -w ${versionFlags()}`]
  await run('nice', ['-n', '19', 'go', 'build', ...flags, '.'], {
    cwd: sources,
    env: { ...process.env, CGO_ENABLED: '0' },
    maxBuffer: 64 * 1024 * 1024,
  })
  await rename(unfinished, path)
  return path
}

/** Without it the API server calls itself v0.0.0, and clients that ask for its version go astray. */
function versionFlags(): string {
  const version = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(readFileSync(join(sources, 'go.mod'), 'utf8'))
  if (version === null) throw new Error('kubebox/go.mod names no version of k8s.io/kubernetes')
  const [, whole, major, minor] = version
  const at = 'k8s.io/component-base/version'
  return `-X ${at}.gitVersion=${whole} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`
}

if (import.meta.main) console.log(await buildKubebox())
