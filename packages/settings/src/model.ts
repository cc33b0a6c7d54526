import type { Place, Problem } from '@headgate/core'
import { modelName, nearest, placeText, stageNames, UserError } from '@headgate/core'
import { readSettingsFile, type SettingsFile } from './file.ts'
import { keysOfModel, keysOfStages } from './keys.generated.ts'

/** Reads a text file by its path from the work tree's root; `undefined` when there is none. */
export type ReadFile = (path: string) => Promise<string | undefined>

/** A value from a settings file, with the place to name when it is wrong. */
export interface Placed {
  readonly value: unknown
  readonly place: (path?: readonly string[]) => Place
}

/** What the settings files say of one model for one stage: later layers win. */
export interface ModelSettings {
  readonly name: string
  /** Kebab-case keys, merged by precedence: stage block > model > `extends`. */
  readonly values: ReadonlyMap<string, Placed>
  /** Unknown keys of the model. Whoever reads the values must tell these too. */
  readonly problems: readonly Problem[]
}

interface Layer {
  readonly file: SettingsFile
  readonly path: readonly string[]
  readonly entries: Readonly<Record<string, unknown>>
}

const stages: ReadonlySet<string> = new Set(stageNames)
const modelKeys = new Set(Object.values(keysOfStages).flat())

/**
 * Finds a model in `headgate.yml` and what it `extends`.
 * @param asked the model's name; without one the file must describe just one model.
 * @returns `undefined` when there is no settings file.
 * @throws UserError when the file or the model in it cannot be found out.
 */
export async function readModel(
  config: string,
  asked: string | undefined,
  stage: string,
  read: ReadFile,
): Promise<ModelSettings | undefined> {
  const text = await read(config)
  if (text === undefined) return undefined
  const main = readSettingsFile(text, config)
  const problems: Problem[] = []
  const files = [...(await extendedFiles(main, read, problems, new Set([config]))), main]
  for (const file of files) checkTop(file, problems)
  const name = chooseModel(main, asked, problems)
  if (name === undefined) throw new UserError(problems)
  const layers = files.flatMap((file) => layersOf(file, name, stage, problems))
  return { name, values: mergeLayers(layers), problems }
}

async function extendedFiles(
  file: SettingsFile,
  read: ReadFile,
  problems: Problem[],
  seen: Set<string>,
): Promise<SettingsFile[]> {
  const names = [record(file.value).extends ?? []].flat().map(String)
  const found: SettingsFile[] = []
  for (const name of names) {
    const where = file.place(['extends'])
    const path = name.replace(/^\.\//, '')
    const text = seen.has(path) ? undefined : await read(path)
    if (seen.has(path)) problems.push({ what: `\`extends\` comes back to ${path}.`, where })
    else if (text === undefined) problems.push({ what: `\`extends\` names ${path}, which is not there.`, where })
    else {
      const inner = readSettingsFile(text, path)
      found.push(...(await extendedFiles(inner, read, problems, new Set([...seen, path]))), inner)
    }
  }
  return found
}

function checkTop(file: SettingsFile, problems: Problem[]): void {
  if (file.value !== null && (typeof file.value !== 'object' || Array.isArray(file.value))) {
    problems.push({ what: 'expected a mapping with `models:`.', where: { file: file.file } })
    return
  }
  const known = ['models', 'extends', 'defaults']
  for (const key of Object.keys(record(file.value)))
    if (!known.includes(key)) problems.push(unknownKey(key, known, file.place([key])))
}

function chooseModel(file: SettingsFile, asked: string | undefined, problems: Problem[]): string | undefined {
  const names = Object.keys(record(record(file.value).models))
  for (const name of names) {
    if (modelName.test(name)) continue
    const fix = 'Use lower-case letters, digits, `-` and `/`, beginning with a letter.'
    problems.push({ what: `"${name}" is no model name.`, where: file.place(['models', name]), fix })
  }
  if (asked !== undefined && names.includes(asked)) return asked
  const known = `${file.file} describes ${names.length === 0 ? 'no model' : names.join(', ')}.`
  if (asked !== undefined) {
    const near = nearest(asked, names)
    problems.push({
      what: `there is no model "${asked}"; ${known}`,
      where: { file: file.file },
      fix: near && `Did you mean "${near}"?`,
    })
    return undefined
  }
  if (names.length === 1) return names[0]
  problems.push({
    what: known,
    where: { file: file.file },
    fix: names.length === 0 ? 'Describe one under `models:`.' : 'Say which with --model.',
  })
  return undefined
}

function layersOf(file: SettingsFile, model: string, stage: string, problems: Problem[]): Layer[] {
  const top = record(file.value)
  const paths = [['defaults'], ['models', model]]
  return paths.flatMap((path) => {
    const block = path.reduce<unknown>((value, key) => record(value)[key], top)
    if (block === undefined || block === null) return []
    checkModel(file, path, record(block), problems)
    const own = Object.entries(record(block)).filter(([key]) => !stages.has(key))
    return [
      { file, path, entries: Object.fromEntries(own) },
      { file, path: [...path, stage], entries: record(record(block)[stage]) },
    ]
  })
}

function checkModel(
  file: SettingsFile,
  path: readonly string[],
  block: Record<string, unknown>,
  problems: Problem[],
): void {
  for (const [key, value] of Object.entries(block)) {
    if (stages.has(key)) {
      const known = keysOfStages[key] ?? []
      for (const inner of Object.keys(record(value))) {
        const where = file.place([...path, key, inner])
        if (!known.includes(inner)) problems.push(unknownKey(inner, known, where))
        else if (keysOfModel.includes(inner)) problems.push(unshared(inner, key, where, file, path))
      }
    } else if (!modelKeys.has(key)) {
      problems.push(unknownKey(key, [...modelKeys, ...stages], file.place([...path, key])))
    }
  }
}

/** A setting in one stage's block that others would not see, although they must agree on it. */
function unshared(key: string, stage: string, where: Place, file: SettingsFile, path: readonly string[]): Problem {
  const what = `\`${key}\` in the block \`${stage}\` is not seen by other stages.`
  const said = record(path.reduce<unknown>((value, part) => record(value)[part], file.value))[key]
  const place = placeText(file.place([...path, ...(said === undefined ? [] : [key])]))
  const fix =
    said === undefined
      ? `Move it to the model’s level, below ${place}.`
      : `At the model’s level, ${place} says ${JSON.stringify(said)}: leave it there alone.`
  return { what, where, fix }
}

function unknownKey(key: string, known: readonly string[], where: Place): Problem {
  const near = nearest(key, known)
  const fix = near ? `Did you mean "${near}"?` : `Known here: ${[...known].sort().join(', ')}.`
  return { what: `unknown key "${key}".`, where, fix }
}

function mergeLayers(layers: readonly Layer[]): Map<string, Placed> {
  const merged = new Map<string, Placed>()
  // A stage's own block wins over the model's level, whichever file it stands in.
  for (const layer of [
    ...layers.filter((_, index) => index % 2 === 0),
    ...layers.filter((_, index) => index % 2 === 1),
  ]) {
    for (const [key, value] of Object.entries(layer.entries)) {
      if (value === null || value === undefined) continue
      merged.set(key, { value, place: (path = []) => layer.file.place([...layer.path, key, ...path]) })
    }
  }
  return merged
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
