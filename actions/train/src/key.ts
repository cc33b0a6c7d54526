import type { Digest, Training } from '@headgate/core'
import { digestOf, digestOfValue } from '@headgate/core'
import type { Input } from './inputs.ts'

/** What of an input decides. */
type InputState = Pick<Input, 'path' | 'digest'>

export function stateOf({ path, digest }: InputState): InputState {
  return { path, digest }
}

/** Everything that decides what a training yields, by the name under which a change of it is told. */
export interface KeyParts {
  readonly code: Digest
  readonly data: readonly InputState[]
  readonly testData: readonly InputState[]
  readonly parameters: Training['run']['params']
  readonly lock: Digest
  readonly interpreter: string | null
  /** What `env` set, secrets hidden: a secret that was renewed trains nothing again. */
  readonly variables: Readonly<Record<string, string>>
  readonly command: readonly string[]
  readonly image: string | null
}

/** The training key. */
export function keyOf(parts: KeyParts): Digest {
  return digestOfValue(parts)
}

/** The digest of the lock file or, without one, of the installed packages. */
export function lockDigest({ lock, packages }: Training['environment']): Digest {
  return lock?.digest ?? digestOf((packages ?? []).join('\n'))
}

/** The parts of the key of an earlier training. */
export function partsOf(training: Training, inputs: readonly InputState[]): KeyParts {
  const data = training.data.map(stateOf)
  const isData = (input: InputState): boolean => data.some(({ path }) => path === input.path)
  return {
    code: training.code.digest,
    data,
    testData: inputs.filter((input) => !isData(input)).map(stateOf),
    parameters: training.run.params,
    lock: lockDigest(training.environment),
    interpreter: training.environment.interpreter,
    variables: training.environment.variables,
    command: training.run.command,
    image: training.environment.image,
  }
}

/** Which inputs differ, in words, such as `the data (data/train.parquet)`. */
export function changes(before: KeyParts, now: KeyParts): string[] {
  const differs = (part: keyof KeyParts): boolean => digestOfValue(before[part]) !== digestOfValue(now[part])
  const named = (text: string, names: readonly string[]): string =>
    names.length === 0 ? text : `${text} (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''})`
  const sentences: Readonly<Record<keyof KeyParts, () => string>> = {
    code: () => 'the code',
    data: () => named('the data', changedPaths(before.data, now.data)),
    testData: () => named('the test data', changedPaths(before.testData, now.testData)),
    parameters: () => named('the parameters', changedNames(before.parameters, now.parameters)),
    lock: () => 'the lock of the environment',
    interpreter: () =>
      `the interpreter (${before.interpreter ?? 'unknown'} before, ${now.interpreter ?? 'unknown'} now)`,
    variables: () => named('the variables of `env`', changedNames(before.variables, now.variables)),
    command: () => 'the command',
    image: () => 'the image',
  }
  return (Object.keys(sentences) as (keyof KeyParts)[]).filter(differs).map((part) => sentences[part]())
}

function changedPaths(before: readonly InputState[], now: readonly InputState[]): string[] {
  const toRecord = (inputs: readonly InputState[]) =>
    Object.fromEntries(inputs.map(({ path, digest }) => [path, digest]))
  return changedNames(toRecord(before), toRecord(now))
}

function changedNames(before: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)])
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name])).sort()
}
