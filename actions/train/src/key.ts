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

/** The digest of each part, for where a change is told without the parts themselves. */
export function partDigests(parts: KeyParts): Record<string, Digest> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, digestOfValue(part)]))
}

/** They install others, come with the machine, and decide nothing. */
const installers = /^(pip|setuptools|wheel|uv)==/

/** The digest of what is installed: of the lock file, and of the packages where it leaves versions open or is not there. */
export function lockDigest({ lock, packages }: Training['environment']): Digest {
  if (lock && packages === null) return lock.digest
  const decisive = (packages ?? []).filter((line) => !installers.test(line))
  return digestOf([...(lock ? [lock.digest] : []), ...decisive].join('\n'))
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

const partNames: Readonly<Record<keyof KeyParts, string>> = {
  code: 'the code',
  data: 'the data',
  testData: 'the test data',
  parameters: 'the parameters',
  lock: 'the lock of the environment',
  interpreter: 'the interpreter',
  variables: 'the variables of `env`',
  command: 'the command',
  image: 'the image',
}

/** Which inputs differ, in words, such as `the data (data/train.parquet)`. */
export function changes(before: KeyParts, now: KeyParts): string[] {
  const differs = (part: keyof KeyParts): boolean => digestOfValue(before[part]) !== digestOfValue(now[part])
  const named = (text: string, names: readonly string[]): string =>
    names.length === 0 ? text : `${text} (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''})`
  const details: Readonly<Partial<Record<keyof KeyParts, () => readonly string[]>>> = {
    data: () => changedPaths(before.data, now.data),
    testData: () => changedPaths(before.testData, now.testData),
    parameters: () => changedNames(before.parameters, now.parameters),
    interpreter: () => [`${before.interpreter ?? 'unknown'} before, ${now.interpreter ?? 'unknown'} now`],
    variables: () => changedNames(before.variables, now.variables),
  }
  return (Object.keys(partNames) as (keyof KeyParts)[])
    .filter(differs)
    .map((part) => named(partNames[part], details[part]?.() ?? []))
}

/** Which parts differ from those of digests, in words without their details. */
export function changedParts(before: Readonly<Record<string, Digest>>, now: KeyParts): string[] {
  const digests = partDigests(now)
  return (Object.keys(partNames) as (keyof KeyParts)[])
    .filter((part) => before[part] !== digests[part])
    .map((part) => partNames[part])
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
