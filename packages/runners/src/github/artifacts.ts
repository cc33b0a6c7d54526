import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DefaultArtifactClient } from '@actions/artifact'
import { confine } from '@headgate/files'
import type { HandOver } from '../port.ts'

const prefix = (model: string): string => `headgate-${model.replaceAll('/', '--')}-`

/** Documents, reports and the training's output as artifacts of this run: one per stage, since names cannot be reused. */
export function artifactHandOver(client = new DefaultArtifactClient()): HandOver {
  return {
    restore: async (model, workFolder) => {
      const { artifacts } = await client.listArtifacts({ latest: true })
      const brought: string[] = []
      // The newest first: what an older one also holds is already there.
      const ours = artifacts.filter((artifact) => artifact.name.startsWith(prefix(model))).sort((a, b) => b.id - a.id)
      for (const artifact of ours) {
        const folder = await mkdtemp(join(tmpdir(), 'headgate-artifact-'))
        try {
          await client.downloadArtifact(artifact.id, { path: folder })
          brought.push(...(await takeMissing(folder, workFolder)))
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      }
      return brought
    },
    save: async (model, stage, workFolder) => {
      const files = (await filesBelow(workFolder)).filter(
        (file) => !relative(workFolder, file).startsWith('deployments'),
      )
      if (files.length === 0) return
      const name = `${prefix(model)}${stage}`
      await client.deleteArtifact(name).catch(() => undefined)
      await client.uploadArtifact(name, files, workFolder)
    },
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Copies files that are not there yet, none of them to a place outside the work folder. */
async function takeMissing(from: string, workFolder: string): Promise<string[]> {
  const taken: string[] = []
  for (const file of await filesBelow(from)) {
    const path = relative(from, file)
    const target = confine(workFolder, path)
    if (await stat(target).catch(() => undefined)) continue
    await cp(file, target)
    taken.push(path)
  }
  return taken
}
