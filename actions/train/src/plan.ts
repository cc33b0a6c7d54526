import { basename } from 'node:path'
import type { Digest, Settings, Training } from '@headgate/core'
import { UserError } from '@headgate/core'
import { readDocument } from '@headgate/files'
import { git, masker, splitWords } from '@headgate/systems'
import { captureEnvironment } from './environment.ts'
import { type Input, readCode, readData } from './inputs.ts'
import { type KeyParts, keyOf, lockDigest } from './key.ts'
import { type Params, readParams } from './params.ts'
import type { Ports } from './ports.ts'
import type { stage } from './stage.ts'

/** All that a training rests on, known before it begins. */
export interface Plan {
  readonly argv: readonly string[]
  readonly params: Params
  readonly data: readonly Input[]
  readonly testData: readonly Input[]
  readonly code: Training['code']
  /** The code's files, relative to the work tree. */
  readonly files: readonly string[]
  readonly environment: Training['environment']
  readonly parts: KeyParts
  readonly key: Digest
}

/**
 * Reads everything that the training key is made of.
 * @throws UserError for settings that this release does not have, and for data or code that is not there.
 */
export async function planTraining(settings: Settings<typeof stage>, ports: Ports): Promise<Plan> {
  refuseUnsupported(settings)
  const { workspace } = ports
  const argv = words(settings.run, settings.shell)
  const params = readParams(settings.param)
  const variables = { ...ports.environment, ...settings.env }
  const data = await readData(workspace, await dataEntries(settings))
  const testData = settings.testData === undefined ? [] : await readData(workspace, [settings.testData])
  const excluded = { data: [...data, ...testData], workFolder: settings.workFolder }
  const { files, ...named } = await readCode(workspace, list(settings.code), excluded)
  const dirty = ports.commit === '' ? null : await git.dirtyDigest(workspace)
  const hide = masker(ports.secrets)
  const hidden = Object.entries(settings.env).map(([name, value]) => [name, hide(value)] as const)
  const image = settings.sweep ? null : ((await ports.executor.image?.()) ?? null)
  const environment = {
    ...(await captureEnvironment(argv, workspace, variables, image)),
    variables: Object.fromEntries(hidden),
  }
  const parts: KeyParts = {
    code: named.digest,
    data,
    testData: testData.filter(({ path }) => !data.some((input) => input.path === path)),
    parameters: params,
    lock: lockDigest(environment),
    interpreter: environment.interpreter,
    variables: environment.variables,
    command: argv,
    image: environment.image,
  }
  const code = { commit: ports.commit, dirty, ...named }
  return { argv, params, data, testData: parts.testData, code, files, environment, parts, key: keyOf(parts) }
}

function refuseUnsupported(settings: Settings<typeof stage>): void {
  const run = [settings.run].flat()
  if (run.length !== 1 || !/\.ipynb\s*$/.test(run[0] ?? '')) return
  const what = `running the notebook ${basename(run[0] ?? '')} is not in this release.`
  throw new UserError({ what, fix: 'Run it by a command, such as `papermill train.ipynb …`.' })
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
