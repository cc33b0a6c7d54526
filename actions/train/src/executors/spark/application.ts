import { UserError } from '@headgate/core'
import type { SparkSettings } from './settings.ts'

/** What `spark-submit` is given to run. */
export interface Application {
  readonly kind: 'python' | 'jar'
  /** The script or the jar, as the command names it. */
  readonly file: string
  readonly args: readonly string[]
  /** The Python that the command names; `undefined` where it leaves it to Spark. */
  readonly python: string | undefined
  readonly class: string | undefined
}

const python = /(^|\/)(python|pypy)[\d.]*$/
const script = /\.py$/
const jar = /\.jar$/

/**
 * The application of a command: `python train.py …`, `train.py …`, `spark-submit train.py …`, `app.jar …`,
 * `java -jar app.jar …` or `java -cp app.jar org.example.Train …`.
 * @throws UserError for any other command.
 */
export function applicationOf(argv: readonly string[], settings: Pick<SparkSettings, 'class'>): Application {
  const [command = '', ...words] = argv
  if (python.test(command)) return pythonOf(command, words)
  if (/(^|\/)spark-submit$/.test(command)) return submittedOf(words, settings)
  if (/(^|\/)java$/.test(command)) return javaOf(words, settings)
  return fileOf(argv, settings) ?? refuse(argv, 'is neither a Python script nor a jar.', byForm)
}

const byForm = 'Say `run: python train.py …`, or `run: app.jar …` with `spark: {class: …}`.'

function pythonOf(command: string, [first = '', ...words]: readonly string[]): Application {
  // Its output is not held back in any case.
  if (first === '-u') return pythonOf(command, words)
  if (first === '-m') return refuse([command, first, ...words], 'runs a module.', `Make a script of it: ${byForm}`)
  if (first.startsWith('-'))
    return refuse([command, first, ...words], `gives Python the option ${first}.`, `Leave it out: ${byForm}`)
  if (!script.test(first)) return refuse([command, first, ...words], 'names no script `.py`.', byForm)
  const isPlain = command === 'python' || command === 'python3'
  return { kind: 'python', file: first, args: words, python: isPlain ? undefined : command, class: undefined }
}

function submittedOf(words: readonly string[], settings: Pick<SparkSettings, 'class'>): Application {
  const options = 'Say its options under `spark:`: master, deploy-mode, conf, py-files, packages, jars, class.'
  return fileOf(words, settings) ?? refuse(['spark-submit', ...words], 'gives spark-submit options.', options)
}

function javaOf(words: readonly string[], settings: Pick<SparkSettings, 'class'>): Application {
  const [option, file = '', main = '', ...args] = words
  if (option === '-jar') {
    const found = fileOf(words.slice(1), settings)
    if (found?.kind === 'jar') return found
  }
  if ((option === '-cp' || option === '-classpath') && jar.test(file) && !file.includes(':') && main !== '')
    return { kind: 'jar', file, args, python: undefined, class: main }
  return refuse(
    ['java', ...words],
    'is no `java -jar app.jar …`.',
    'Say `run: app.jar …`, and the rest under `spark:`.',
  )
}

function fileOf(
  [file = '', ...args]: readonly string[],
  settings: Pick<SparkSettings, 'class'>,
): Application | undefined {
  if (script.test(file)) return { kind: 'python', file, args, python: undefined, class: undefined }
  return jar.test(file) ? { kind: 'jar', file, args, python: undefined, class: settings.class } : undefined
}

function refuse(argv: readonly string[], why: string, fix: string): never {
  const shell = argv[0] === '/bin/sh' && argv[1] === '-c'
  const what = `\`run\`: spark-submit cannot be given \`${argv.join(' ')}\`: it ${shell ? 'is read by a shell.' : why}`
  throw new UserError({ what, fix: shell ? `Leave out \`shell\`. ${byForm}` : fix })
}
