import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { outsideReason } from './outside.ts'

const run = promisify(execFile)

/**
 * Installs Debian's packages where that is possible; those that are there stay as they are.
 * @returns what to do by hand where it is not.
 */
export async function bringDebian(...packages: readonly string[]): Promise<string | undefined> {
  const checks = await Promise.all(packages.map(isInstalled))
  const absent = packages.filter((_, index) => !checks[index])
  if (absent.length === 0) return undefined
  const byHand = `As root: apt-get install -y ${absent.join(' ')}`
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return `missing: ${absent.join(', ')}. ${byHand}`
  return install(absent).then(
    () => undefined,
    (error: unknown) => `${outsideReason(error)} ${byHand}`,
  )
}

async function isInstalled(name: string): Promise<boolean> {
  return run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]).then(
    ({ stdout }) => stdout === 'installed',
    () => false,
  )
}

/** The services that the packages bring are not started: each test starts its own. */
async function install(packages: readonly string[]): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const options = { env: environment, maxBuffer: 64 * 1024 * 1024 }
    const patience = ['-q', '-o', 'DPkg::Lock::Timeout=300']
    await run('apt-get', [...patience, 'update'], options)
    await run('apt-get', [...patience, 'install', '-y', '--no-install-recommends', ...packages], options)
  } finally {
    if (isOurs) await rm(policy, { force: true })
  }
}
