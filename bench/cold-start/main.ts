// Cold start: whole processes on one hundred rows, beside bare Node, Evidently and Great Expectations.
// `npm run bench -- cold-start [--runs 10] [--no-peers]`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { command, loadNow, machine } from '../machine.ts'
import { measure, type Subject } from './measurement.ts'
import { installPeers } from './peers.ts'
import { tableOf } from './table.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10' }, 'no-peers': { type: 'boolean' } } })
const runs = Number(values.runs)
const cli = command()
if (!Number.isInteger(runs) || runs < 1) end(`--runs: expected a whole number from 1, got "${values.runs}".`)

const peers = values['no-peers'] ? { missing: '`--no-peers` was given' } : installPeers()
const note = 'missing' in peers ? `Without the peers: ${peers.missing}.` : ''
if (note !== '') console.error(note)

const before = loadNow()
const measurements = measure([...own(), ...('python' in peers ? peersOf(peers.python) : [])], runs)
const table = tableOf(measurements)
const text = `# Cold start

Wall time of fresh processes on one hundred rows, ${runs} runs each in turn after one unmeasured; ratios are of medians.
"Processor" is user and system time of a run, which other work on the machine hardly changes. "Uncached" is without
what Node compiled in earlier runs. The peers do the nearest they have, from Python: Evidently without the id's checks and
the types, and with the ROC AUC of both models but no interval; Great Expectations without the types and without a page.
It evaluates no models. Made by \`npm run bench\`.

${table}

${machine(before)}
${note}`
writeFileSync(join(import.meta.dirname, 'results.md'), `${text.trimEnd()}\n`)
console.log(`${table}\n\n${machine(before)}`)

function own(): Subject[] {
  const node = process.execPath
  const uncached = { NODE_DISABLE_COMPILE_CACHE: '1' }
  const validate = [node, cli, 'validate-data']
  const evaluate = [node, cli, 'evaluate-gate']
  return [
    { name: 'bare Node', argv: [node, '-e', '0'], task: 'start' },
    { name: 'headgate --version', argv: [node, cli, '--version'], task: 'start', target: 150 },
    { name: 'headgate validate-data', argv: validate, task: 'validate', target: 700 },
    { name: 'headgate validate-data, uncached', argv: validate, task: 'validate', environment: uncached },
    { name: 'headgate evaluate-gate', argv: evaluate, task: 'evaluate', target: 400 },
    { name: 'headgate evaluate-gate, uncached', argv: evaluate, task: 'evaluate', environment: uncached },
  ]
}

function peersOf(python: string): Subject[] {
  const script = (name: string): string[] => [python, join(import.meta.dirname, 'peers', `${name}.py`)]
  return [
    { name: 'Evidently, validation', argv: script('evidently_validate'), task: 'validate' },
    { name: 'Great Expectations, validation', argv: script('great_expectations_validate'), task: 'validate' },
    { name: 'Evidently, evaluation', argv: script('evidently_evaluate'), task: 'evaluate' },
  ]
}

function end(message: string): never {
  console.error(message)
  process.exit(2)
}
