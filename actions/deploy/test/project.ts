// A project with a registry, a ledger and a store in plain files, so that several processes see the same.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context, Deployment, Model, Verdict } from '@headgate/core'
import { digestOf, digestOfTree, Refusal } from '@headgate/core'
import { digestTree } from '@headgate/files'
import type { Entry, NewEntry } from '@headgate/ledger'
import { lineLog } from '@headgate/testkit'
import { z } from 'zod'
import type { Ports } from '../src/ports.ts'
import type { run } from '../src/run.ts'
import { stage } from '../src/stage.ts'
import { serveCommand } from '../src/targets/process/open.ts'
import { processTarget } from '../src/targets/process/target.ts'

export type Settings = Parameters<typeof run>[0]

interface Memory {
  models: Model[]
  aliases: Record<string, string>
  entries: Entry[]
}

export interface Project {
  readonly root: string
  readonly port: number
}

export function makeProject(port: number): Project {
  const root = mkdtempSync(join(tmpdir(), 'deploy-'))
  mkdirSync(join(root, 'store'))
  writeMemory({ root, port }, { models: [], aliases: {}, entries: [] })
  return { root, port }
}

export function readMemory({ root }: Project): Memory {
  return JSON.parse(readFileSync(join(root, 'memory.json'), 'utf8')) as Memory
}

export function writeMemory({ root }: Project, memory: Memory): void {
  writeFileSync(join(root, 'memory.json'), JSON.stringify(memory))
}

interface Evidence {
  readonly verdict?: Verdict
  readonly baseline?: string | null
  readonly bootstrap?: boolean
  readonly breaks?: 'start' | 'health' | 'predict'
  readonly recomputed?: boolean
  /** Adopted from production. */
  readonly imported?: boolean
  /** The text of the evaluation that its lineage names. */
  readonly evaluation?: string
}

/** Registers a version that behaves as told, and makes it the challenger. */
export async function register(project: Project, version: string, evidence: Evidence = {}): Promise<Model> {
  const folder = join(project.root, 'store', version)
  mkdirSync(folder)
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ version, breaks: evidence.breaks }))
  const { files } = await digestTree(folder)
  const { verdict = 'pass', baseline = null, bootstrap = false, recomputed = true, imported = false } = evidence
  const digest = digestOf(evidence.evaluation ?? 'evaluation')
  const model: Model = {
    name: 'm',
    version,
    digest: digestOfTree(files),
    files: [...files],
    attachments: [],
    aliases: [],
    lineage: {
      commit: null,
      training: null,
      data: [],
      environment: null,
      evaluation: imported ? null : { digest, verdict, baseline, bootstrap, recomputed },
      validation: null,
      imported,
    },
    registry: { kind: 'git', location: '.', reference: `m@v${version}` },
    store: { kind: 'directory', location: 'store' },
    signature: null,
  }
  const memory = readMemory(project)
  memory.models.push(model)
  memory.aliases.challenger = version
  writeMemory(project, memory)
  return model
}

export function settingsOf(project: Project, more: Record<string, unknown> = {}): Settings {
  const serve = [process.execPath, join(import.meta.dirname, 'serve.cjs'), '{model}', '{port}']
  const smoke = [{ request: { path: '/predict', method: 'POST', body: {} }, expect: { keys: ['predictions.0.score'] } }]
  const own = { serve, smoke, production: true, healthTimeout: '10s', port: project.port, ...more }
  const common = { config: 'headgate.yml', model: 'm', workFolder: join(project.root, 'work'), failOn: 'inconclusive' }
  const rest = { dryRun: false, logLevel: 'info', comment: true, handOver: 'artifact' }
  return { ...z.object(stage.settings.shape).parse(own), ...common, ...rest } as Settings
}

export function portsOf(project: Project, settings: Settings, more: Partial<Ports> = {}): Ports {
  const tell = (): void => undefined
  const context: Ports['context'] & Partial<Context> = {
    runner: 'github',
    event: 'push',
    branch: 'main',
    defaultBranch: 'main',
    ephemeral: false,
    commit: 'c0ffee',
    actor: 'ada',
  }
  return {
    target: processTarget({
      folder: join(project.root, 'state'),
      serve: serveCommand(settings.serve),
      workspace: project.root,
      environment: { ...settings.env },
      secrets: Object.values(settings.env),
      address: { host: '127.0.0.1', port: project.port },
      lockWaitMs: 500,
    }),
    registry: registryOf(project),
    ledger: ledgerOf(project),
    download: (model, into) => cp(join(project.root, 'store', model.version), into, { recursive: true }),
    evaluation: async () => undefined,
    record: async (body) => writeFileSync(join(project.root, 'deployment.json'), JSON.stringify(body)),
    log: lineLog(tell),
    workspace: project.root,
    context,
    signal: new AbortController().signal,
    now: () => new Date(),
    ...more,
  }
}

function registryOf(project: Project): Ports['registry'] {
  return {
    resolve: async (_name, which) => {
      const { models, aliases } = readMemory(project)
      const version = 'version' in which ? which.version : aliases[which.alias]
      return models.find((model) => model.version === version)
    },
    promote: async ({ alias, version, expected }) => {
      const memory = readMemory(project)
      const previous = memory.aliases[alias] ?? null
      if (previous === version) return { previous, isMoved: false, reference: null }
      if (expected !== undefined && previous !== expected)
        throw new Refusal(`${alias} is ${previous} now: gate again against v${previous}.`)
      memory.aliases[alias] = version
      writeMemory(project, memory)
      return { previous, isMoved: true, reference: null }
    },
  }
}

function ledgerOf(project: Project): Ports['ledger'] {
  const view = () => ({ head: null, entries: readMemory(project).entries })
  return {
    read: async () => view(),
    update: async (model, decide) => {
      const memory = readMemory(project)
      const known = new Set(memory.entries.map(({ id }) => id))
      const stamped = (await decide(memory.entries)).map((entry: NewEntry) => {
        return { id: String(memory.entries.length), at: new Date().toISOString(), ...entry, model } as Entry
      })
      memory.entries.push(...stamped.filter(({ id }) => !known.has(id)))
      writeMemory(project, memory)
      return view()
    },
  }
}

/** The account that a deployment has left so far. */
export function recorded({ root }: Project): Deployment {
  return JSON.parse(readFileSync(join(root, 'deployment.json'), 'utf8')) as Deployment
}

/** The processes that a project's deployments run now, as `pid command` lines. */
export function processesOf({ root }: Project): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,stat,args'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(root) && !/^\s*\d+\s+Z/.test(line))
}
