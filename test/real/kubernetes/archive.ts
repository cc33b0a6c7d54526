import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { digestFile } from '@headgate/files'

const run = promisify(execFile)

export interface ImageTree {
  readonly name: string
  /** A tar file of the whole file tree. */
  readonly tree: string
  readonly command: readonly string[]
}

/** Writes a file tree as an image of one layer, as `docker save` does. */
export async function writeArchive({ name, tree, command }: ImageTree, archive: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hg-real-image-'))
  try {
    const { digest } = await digestFile(tree)
    const configuration = JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: command, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [digest] },
    })
    const file = `${createHash('sha256').update(configuration).digest('hex')}.json`
    await writeFile(join(folder, file), configuration)
    await writeFile(
      join(folder, 'manifest.json'),
      JSON.stringify([{ Config: file, RepoTags: [name], Layers: ['layer.tar'] }]),
    )
    await symlink(tree, join(folder, 'layer.tar'))
    await run('tar', ['-C', folder, '-chf', archive, 'manifest.json', file, 'layer.tar'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
