// The images of the tests. No registry is asked: they are made of Debian's packages.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Missing } from '../describe-system.ts'
import { cacheFolder } from '../folders.ts'
import { outsideReason } from '../outside.ts'

const run = promisify(execFile)

/** A few megabytes: a shell and small commands. */
export const busyboxImage = 'headgate/busybox:real'
/** Debian with `python3`, its standard library whole. */
export const pythonImage = 'headgate/python:real'

const bootstrap = ['--variant=minbase', '--include=python3', 'bookworm']
const unneeded = ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale']

/** The file tree of the Python image as a tar file, made once and kept in the cache. @returns its path. */
export async function bringPythonTree(): Promise<string> {
  const key = createHash('sha256')
    .update([...bootstrap, ...unneeded].join(' '))
    .digest('hex')
    .slice(0, 16)
  const file = join(cacheFolder('docker'), `python-${key}.tar`)
  if (existsSync(file)) return file
  await inFolder(async (folder) => {
    await run('nice', ['debootstrap', ...bootstrap, folder], { maxBuffer: 64 * 1024 * 1024 })
    for (const path of unneeded) await rm(join(folder, path), { recursive: true, force: true })
    const unfinished = `${file}.${process.pid}`
    await run('tar', ['-C', folder, '-cf', unfinished, '.'])
    await rename(unfinished, file)
  })
  return file
}

/** Makes it where that is possible. @returns why it is not. */
export async function missingPythonTree(): Promise<Missing> {
  return bringPythonTree().then(() => undefined, outsideReason)
}

/** Writes a file tree with a static busybox under all its names as a tar file. */
export async function writeBusyboxTree(file: string): Promise<void> {
  await inFolder(async (folder) => {
    for (const name of ['bin', 'etc', 'tmp', 'root']) await mkdir(join(folder, name))
    await copyFile('/bin/busybox', join(folder, 'bin/busybox'))
    const { stdout } = await run('/bin/busybox', ['--list'])
    const names = stdout
      .trim()
      .split('\n')
      .filter((name) => name !== 'busybox')
    for (const name of names) await symlink('busybox', join(folder, 'bin', name))
    await run('tar', ['-C', folder, '-cf', file, '.'])
  })
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hg-real-image-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
