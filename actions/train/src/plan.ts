import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Digest, Settings, Training } from '@headgate/core'
import { UserError } from '@headgate/core'
import { readDocument } from '@headgate/files'
import { git, masker, splitWords } from '@headgate/systems'
import { readData } from './data/read.ts'
import type { DataPlace, Source } from './data/source.ts'
import { otherMachine } from './environment/machine.ts'
import { captureEnvironment } from './environment.ts'
import { type Input, readCode } from './inputs.ts'
import { type KeyParts, keyOf, lockDigest, stateOf } from './key.ts'
import { notebookCommand } from './notebook/command.ts'
import { readTrainingNotebook, type TrainingNotebook } from './notebook/notebook.ts'
import { type Params, readParams } from './params.ts'
import { isDvcCommand } from './pipeline/command.ts'
import { type Locks, readLocks } from './pipeline/lock.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** All that a training rests on, known before it begins. */
export interface Plan {
  /** As the user said it. */
  readonly command: readonly string[]
  /** What an executor runs: of a notebook, its command by papermill. */
  readonly argv: readonly string[]
  readonly notebook: TrainingNotebook | undefined
  readonly params: Params
  readonly data: readonly Input[]
  readonly testData: readonly Input[]
  /** Where the data is that the command reads, and the test data that belongs in the work tree. */
  readonly sources: { readonly data: readonly Source[]; readonly testData: readonly Source[] }
  readonly code: Training['code']
  /** The locks of DVC's pipelines before the training, where the command runs one. */
  readonly locks: Locks | undefined
  /** The code's files, relative to the work tree. */
  readonly files: readonly string[]
  readonly environment: Training['environment']
  readonly parts: KeyParts
  readonly key: Digest
  /** What was said of its machine and its duration. */
  readonly expected?: Training['expected']
}

/**
 * Reads everything that the training key is made of.
 * @throws UserError for settings that this release does not have, and for data or code that is not there.
 */
export async function planTraining(settings: Settings<typeof stage>, ports: Ports): Promise<Plan> {
  const { workspace } = ports
  const said = (await notebookName(settings.run, workspace)) ?? words(settings.run, settings.shell)
  const params = readParams(settings.param)
  const isPipeline = isDvcCommand(said)
  if (isPipeline) refuseElsewhere(ports)
  const place = dataPlaceOf(settings, ports)
  const { variables } = place
  const sources = {
    data: await readData(await dataEntries(settings), place),
    testData: settings.testData === undefined ? [] : await readData([settings.testData], place),
  }
  const data = sources.data.map(({ input }) => input)
  const testData = sources.testData.map(({ input }) => input)
  const locks = await readLocks(workspace, ports.commit !== '')
  const standing = [...sources.data, ...sources.testData].flatMap(({ path, standIn }) => [path, standIn ?? []].flat())
  // A pipeline writes the names of what it makes into them, which changes nothing of what it makes.
  const ignores = isPipeline && ports.commit !== '' ? await git.trackedFiles(workspace, ['*.gitignore']) : []
  const results = [...locks.results, ...ignores.map((path) => resolve(workspace, path))]
  const excluded = [...standing, ...results, settings.workFolder]
  const run = settings.shell ? undefined : notebookCommand(said)
  const request = { params, inputs: data.length, workspace, executor: ports.executor.name, environment: variables }
  const notebook = run && (await readTrainingNotebook(run, request))
  const command = notebook?.command ?? said
  const argv = notebook?.argv ?? said
  const { files, ...named } = await readCode(workspace, list(settings.code), excluded, notebook && [notebook.path])
  const dirty = ports.commit === '' ? null : await git.dirtyDigest(workspace)
  const image = (await ports.executor.image?.()) ?? null
  const environment = {
    ...(await captureEnvironment(command, { folder: workspace, environment: variables, image, ...whereItRuns(ports) })),
    variables: hiddenVariables(settings, ports),
  }
  const parts: KeyParts = {
    code: named.digest,
    data: data.map(stateOf),
    testData: testData.filter(({ path }) => !data.some((input) => input.path === path)).map(stateOf),
    parameters: params,
    lock: lockDigest(environment),
    interpreter: environment.interpreter,
    variables: environment.variables,
    command,
    image: environment.image,
  }
  const code = { commit: ports.commit, dirty, ...named }
  const own = {
    command,
    argv,
    notebook,
    params,
    data,
    testData: parts.testData,
    sources,
    code,
    files,
    environment,
    parts,
  }
  return { ...own, locks: isPipeline ? locks : undefined, key: keyOf(parts) }
}

/**
 * What is known of a training that is not done. Nothing of the change is run or built for it, no server is asked, and
 * its data need not be there.
 */
export async function outlineTraining(settings: Settings<typeof stage>, ports: Ports): Promise<Plan> {
  const { workspace, commit } = ports
  const command = words(settings.run, settings.shell)
  const params = readParams(settings.param)
  const { files, ...named } = await readCode(workspace, list(settings.code), [settings.workFolder])
  const dirty = commit === '' ? null : await git.dirtyDigest(workspace)
  const unknown = { interpreter: null, lock: null, packages: null, image: null }
  const environment = { ...otherMachine, ...unknown, variables: hiddenVariables(settings, ports) }
  const { variables } = environment
  const lock = lockDigest(environment)
  const none = { data: [], testData: [] }
  const parts: KeyParts = {
    ...none,
    interpreter: null,
    image: null,
    code: named.digest,
    parameters: params,
    lock,
    variables,
    command,
  }
  const code = { commit, dirty, ...named }
  const own = { ...none, command, argv: command, notebook: undefined, params, sources: none, code, files }
  return { ...own, locks: undefined, environment, parts, key: keyOf(parts) }
}

function hiddenVariables({ env }: Settings<typeof stage>, { secrets }: Ports): Record<string, string> {
  const hide = masker(secrets)
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, hide(value)]))
}

/** Where the data of a training is looked for, and brought to. */
export function dataPlaceOf(settings: Settings<typeof stage>, ports: Ports): DataPlace {
  const { workspace, downloads, secrets, gitToken, executor, log, signal } = ports
  const variables = { ...ports.environment, ...settings.env }
  return { workspace, downloads, variables, secrets, gitToken, executor, fetchLimit: settings.fetchLimit, log, signal }
}

/** A pipeline's results are in the work tree and in DVC's cache beside it. */
function refuseElsewhere({ executor }: Ports): void {
  if (executor.name === 'process') return
  throw new UserError({
    what: `a pipeline of DVC cannot be run by \`executor: ${executor.name}\`: what it makes would stay there.`,
    fix: 'Use `executor: process`, or name the command that trains and the data as `.dvc` files.',
  })
}

/** A notebook whose name holds spaces is not split into words. */
async function notebookName(run: string | readonly string[], workspace: string): Promise<string[] | undefined> {
  if (typeof run !== 'string' || !run.endsWith('.ipynb')) return undefined
  const found = await stat(resolve(workspace, run)).catch(() => undefined)
  return found?.isFile() ? [run] : undefined
}

/** Whether the machine and the interpreter that train are of this machine. */
function whereItRuns({ executor }: Ports): { isThisMachine: boolean; isOwnInterpreter: boolean } {
  return { isThisMachine: executor.machine?.isThis === true, isOwnInterpreter: executor.name === 'process' }
}

function words(run: string | readonly string[], shell: boolean): string[] {
  if (shell) return ['/bin/sh', '-c', [run].flat().join(' ')]
  const argv = typeof run === 'string' ? splitWords(run) : [...run]
  if (argv.length === 0 || argv[0] === '') throw new UserError({ what: '`run` names no command.' })
  return argv
}

async function dataEntries(settings: Settings<typeof stage>): Promise<string[]> {
  const given = list(settings.data)
  if (given !== undefined && given.length > 0) return given
  const validation = await readDocument('validation', settings.workFolder)
  if (validation) return [validation.data.source]
  throw new UserError({
    what: '`data` is missing, and the work folder has no validation.json that names it.',
    fix: 'Say `data:` on the model in headgate.yml, or run validate-data before.',
  })
}

function list(value: string | readonly string[] | undefined): string[] | undefined {
  return value === undefined ? undefined : [value].flat()
}
