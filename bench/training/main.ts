// What a training costs by `headgate train` over its bare command: as a process, and in a container of a warm image.
// `npm run bench -- training [--runs 10]`. Docker needs Linux and root, as its tests do.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pythonImage } from '../../test/real/docker/images.ts'
import { prepare, start } from '../../test/real/docker/start.ts'
import { makeRunFolder, runFolder, runVariable } from '../../test/real/folders.ts'
import { endRun } from '../../test/real/leftovers.ts'
import { command, loadNow, machine, median } from '../machine.ts'
import { writeProject } from './project.ts'

interface Pair {
  readonly name: string
  /** In milliseconds, over the bare command. */
  readonly target: number
  /** The lines of `train:` that choose the executor. */
  readonly executor: string
  /** The bare command, where the contract's variables stand for a run. */
  readonly bare: (folder: string, variables: Readonly<Record<string, string>>) => readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' } }, strict: false })
const runs = Number(values.runs)
const before = loadNow()
const cli = command()
/** The interpreter itself: a version manager's stand-in would count three times on one side. */
const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
process.env[runVariable] = makeRunFolder()

const rows = [
  await measured({ name: 'process', target: 500, executor: '', bare: () => [python, 'train.py'], environment: {} }),
]
const missing = await prepare()
if (missing === undefined) rows.push(await inDocker())
await endRun(runFolder(), 0)

const table = [
  '| Executor | Bare command | headgate train | Over it | Ratio | Target |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...rows,
].join('\n')
const note = missing === undefined ? '' : `\nWithout Docker: ${missing}.\n`
const text = `# Training

Wall time of a training that itself takes no time to speak of: the bare command, and \`headgate train\` with all it does
besides (settings, digests of code, data and environment, logs, the contract, the document, the report). ${runs} runs each in
turn after one unmeasured, medians. Docker runs an image that is there. Made by \`npm run bench -- training\`.

${table}
${note}
${machine(before)}
`
writeFileSync(join(import.meta.dirname, 'results.md'), text)
console.log(`${table}\n${note}\n${machine(before)}`)

async function inDocker(): Promise<string> {
  const docker = await start()
  try {
    const bare: Pair['bare'] = (folder, variables) => [
      ...[docker.command, 'run', '--rm', '--network', 'none', '-v', `${folder}:${folder}`, '-w', folder],
      ...Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      ...[pythonImage, 'python3', 'train.py'],
    ]
    const executor = `      executor: docker\n      docker: { image: "${pythonImage}" }\n`
    return await measured({ name: 'docker, warm', target: 2000, executor, bare, environment: docker.environment })
  } finally {
    await docker.stop()
  }
}

/** One row of the table. @throws Error when a run fails: a wrong result in no time is no result. */
async function measured({ name, target, executor, bare, environment }: Pair): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
  try {
    writeProject(folder, { python: name === 'process' ? python : 'python3', executor })
    const times = { bare: [] as number[], own: [] as number[] }
    for (let run = 0; run <= runs; run += 1) {
      const seed = String(run)
      const direct = wall([...bare(folder, contractOf(folder, seed))], folder, {
        ...environment,
        ...contractOf(folder, seed),
      })
      const own = wall([process.execPath, cli, 'train', '--param', `seed=${seed}`], folder, environment)
      if (run > 0) times.bare.push(direct)
      if (run > 0) times.own.push(own)
    }
    const [direct, own] = [median(times.bare), median(times.own)]
    const over = own - direct
    const verdict = over <= target ? 'met' : 'missed'
    return `| ${name} | ${ms(direct)} | ${ms(own)} | ${ms(over)} | ${(own / direct).toFixed(1)}× | ${verdict}: ${ms(target)} |`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function contractOf(folder: string, seed: string): Record<string, string> {
  const output = join(folder, '.headgate/bare', seed)
  mkdirSync(output, { recursive: true })
  const params = join(output, 'params.json')
  writeFileSync(params, JSON.stringify({ seed }))
  return { HEADGATE_PARAMS: params, HEADGATE_DATA: join(folder, 'data/train.csv'), HEADGATE_OUTPUT: output }
}

function wall(argv: readonly string[], cwd: string, environment: Readonly<Record<string, string>>): number {
  const [program = '', ...words] = argv
  const started = performance.now()
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
  const { status, stderr, stdout } = spawnSync(program, words, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.slice(0, 4).join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return performance.now() - started
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
