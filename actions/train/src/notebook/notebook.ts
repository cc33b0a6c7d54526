import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { nearest, type Problem, UserError } from '@headgate/core'
import { isInside } from '@headgate/files'
import { assignmentsOf, type Notebook, parametersCell, parseNotebook } from '@headgate/notebooks'
import { runProcess } from '@headgate/systems'
import { z } from 'zod'
import type { ExecutorName } from '../executors/port.ts'
import type { Params } from '../params.ts'
import type { NotebookCommand } from './command.ts'
import { program } from './program.ts'

/** A notebook that can be trained by. */
export interface TrainingNotebook {
  readonly path: string
  readonly source: Notebook
  /** As a person would say it. */
  readonly command: readonly string[]
  /** What an executor runs. */
  readonly argv: readonly string[]
}

interface Request {
  readonly workspace: string
  readonly executor: ExecutorName
  readonly environment: Readonly<Record<string, string>>
  readonly params: Params
  /** How many entries `HEADGATE_DATA` has. */
  readonly inputs: number
}

/**
 * Reads a notebook, and judges before anything runs whether it can be trained by: papermill only warns, or fails late.
 * @throws UserError with all mistakes: in the notebook, in the parameters and, where it runs here, in what is installed.
 */
export async function readTrainingNotebook(
  { launcher, path }: NotebookCommand,
  request: Request,
): Promise<TrainingNotebook> {
  const absolute = resolve(request.workspace, path)
  const content = isInside(request.workspace, absolute)
    ? await readFile(absolute, 'utf8').catch(() => undefined)
    : undefined
  if (content === undefined) {
    const what = `there is no notebook ${path} in the work tree.`
    throw new UserError({ what, fix: 'Its path begins at the root of the work tree.' })
  }
  const source = parseNotebook(content)
  const found = 'problems' in source ? [...source.problems] : await problemsOf(source, launcher, path, request)
  if (request.executor === 'spark') found.push(noApplication)
  if (found.length > 0 || 'problems' in source) throw new UserError(found.map((one) => located(one, path)))
  const mode = request.inputs > 1 || takesList(source) ? 'list' : 'text'
  return {
    path,
    source,
    command: [...launcher, path],
    argv: [...launcher, '-c', program, path, source.kernel ?? '', mode],
  }
}

function located(problem: Problem, file: string): Problem {
  return { where: { file }, ...problem }
}

const noApplication: Problem = {
  what: 'is no Spark application, as `executor: spark` runs them.',
  fix: 'Run it by another executor, and make a `SparkSession` in it.',
}

async function problemsOf(
  source: Notebook,
  launcher: readonly string[],
  path: string,
  request: Request,
): Promise<Problem[]> {
  const kernel = source.kernel === null ? [noKernel] : []
  // Elsewhere the program says the same as its first words.
  const isHere = request.executor === 'process'
  const missing = isHere ? await look([...launcher, '-c', program, path, source.kernel ?? '', 'look'], request) : []
  return [...kernel, ...parameterProblems(source, request.params), ...(source.kernel === null ? [] : missing)]
}

const noKernel: Problem = {
  what: 'names no kernel.',
  fix: 'Choose one in Jupyter and save it, or run `jupytext --set-kernel python3` on it.',
}

/** What Headgate gives itself. */
const given = ['data', 'output']

function parameterProblems(source: Notebook, params: Params): Problem[] {
  const cell = parametersCell(source)
  const own = Object.keys(params).filter((name) => given.includes(name))
  const taken = own.map((name) => ({
    what: `\`param\`: ${name} is given by Headgate.`,
    fix: 'Take another name for yours.',
  }))
  if (cell === undefined) return [...taken, noParameters]
  const known = assignmentsOf(cell.source, source.language)?.map(({ name }) => name)
  const unknown = Object.keys(params).filter((name) => known?.includes(name) === false && !given.includes(name))
  return [...taken, ...unknown.map((name) => unknownParameter(name, known ?? [], cell.number))]
}

const noParameters: Problem = {
  what: 'has no cell tagged `parameters`: what is given would be set before its own defaults, and lost.',
  fix: 'Tag the cell of its settings `parameters` (in JupyterLab: Property Inspector, Cell Tags).',
}

function unknownParameter(name: string, known: readonly string[], cell: number): Problem {
  const near = nearest(name, known)
  const there = known.length === 0 ? 'it defines none' : `it defines ${known.join(', ')}`
  const fix = near ? `Did you mean "${near}"?` : `Define it there with a default; ${there}.`
  return { what: `\`param\`: cell ${cell}, tagged \`parameters\`, does not define ${name}.`, fix }
}

function takesList(source: Notebook): boolean {
  const cell = parametersCell(source)
  const found = cell && assignmentsOf(cell.source, source.language)?.find(({ name }) => name === 'data')
  return found?.isList === true
}

const problemSchema = z.object({ what: z.string(), fix: z.string() })

/** Asks the Python that is to run it what it lacks. */
async function look(argv: readonly string[], { workspace, environment }: Request): Promise<Problem[]> {
  const lines: string[] = []
  const onLine = (_: string, line: string): void => void lines.push(line)
  const result = await runProcess({ argv, cwd: workspace, environment, timeoutMs: 60_000, onLine })
  if (result.exitCode !== 0) {
    const what = `cannot be run: ${argv[0]} ended with ${result.exitCode ?? result.signal}.\n${result.lastLines.join('\n')}`
    return [{ what, fix: 'Mend what it says.' }]
  }
  return lines.filter((line) => line.startsWith('{')).map((line) => problemSchema.parse(JSON.parse(line)))
}
