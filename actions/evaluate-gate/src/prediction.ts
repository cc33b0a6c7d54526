import { mkdir, mkdtemp, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { UserError } from '@headgate/core'
import { splitWords } from '@headgate/systems'
import { writeWithout } from '@headgate/tables/columns'
import type { Ports } from './ports.ts'

const endings = ['.parquet', '.csv', '.ndjson']

/**
 * The file `predictions.*` of a folder, or `undefined` when there is none.
 * @throws UserError when there are several.
 */
export async function findPredictions(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => [])
  const found = names.filter((name) => endings.some((ending) => name === `predictions${ending}`)).sort()
  if (found.length < 2) return found[0] && join(folder, found[0])
  const what = `holds ${found.join(' and ')}: which of them are the predictions?`
  throw new UserError({ what, where: { file: folder }, fix: 'Remove the others, or name one with `candidate`.' })
}

export interface PredictionRequest {
  readonly command: string | readonly string[]
  /** Absolute path of the model. */
  readonly model: string
  /** Absolute path of the test data. */
  readonly testData: string
  /** Kept from the command. */
  readonly label: string
}

/**
 * Has a model score the test rows by the user's command, which never sees the labels.
 * @returns the file of predictions.
 * @throws UserError when the command fails, or leaves no predictions.
 */
export async function predict(request: PredictionRequest, ports: Ports): Promise<string> {
  const { command, model, testData, label } = request
  if ((await stat(model).catch(() => undefined)) === undefined)
    throw new UserError({ what: 'there is no model to predict with.', where: { file: model } })
  await mkdir(ports.temporary, { recursive: true })
  const folder = await mkdtemp(join(ports.temporary, 'predict-'))
  const data = join(folder, `test${extname(testData)}`)
  const output = join(folder, 'output')
  await mkdir(output)
  await writeWithout(testData, [label], data)
  const argv = typeof command === 'string' ? splitWords(command) : command
  await ports.command(argv, { HEADGATE_MODEL: model, HEADGATE_DATA: data, HEADGATE_OUTPUT: output })
  const predictions = await findPredictions(output)
  if (predictions !== undefined) return predictions
  const left = await readdir(output)
  const what = `\`predict\` left no predictions.parquet, .csv or .ndjson in HEADGATE_OUTPUT; it left ${left.join(', ') || 'nothing'}.`
  throw new UserError({ what, fix: 'Write id and score (or prediction) of every row of HEADGATE_DATA there.' })
}
