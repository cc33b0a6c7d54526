// A model of 1 GB and 10,000 points of metrics to a real MLflow server, beside curl with the same file.
// `npm run bench -- mlflow`.
import { spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { digestFile } from '@headgate/files'
import * as mlflow from '@headgate/systems/mlflow'
import { makeRunFolder, runFolder, runVariable } from '../../test/real/folders.ts'
import { endRun } from '../../test/real/leftovers.ts'
import { start } from '../../test/real/mlflow/start.ts'
import { loadNow, machine, median } from '../machine.ts'

process.env[runVariable] = makeRunFolder()
const before = loadNow()
const told: string[] = []
const server = await start({ version: '3' })
const bytes = 10 ** 9
const rounds = 5
const points = 10_000
const client = await mlflow.connect({ MLFLOW_TRACKING_URI: server.address })
const experimentId = await mlflow.ensureExperiment(client, 'headgate bench')
const tags = { 'headgate.run_id': `bench ${Date.now()}` }
const run = await mlflow.ensureRun(
  client,
  { experimentId, name: 'bench', startedAt: Date.now(), tags },
  'headgate.run_id',
)
const folder = mkdtempSync(join(tmpdir(), 'headgate-bench-'))
try {
  tell(`${points} points of metrics: ${(await secondsOf(logPoints)).toFixed(1)} s (target 10 s)`)
  await uploads()
  const text = `# MLflow\n\nA model of 1 GB and ${points} points of metrics to ${mlflow.serverName(client)} on loopback, beside curl with the same\nfile in the same run, ${rounds} times in turn; medians. Made by \`npm run bench -- mlflow\`.\n`
  writeFileSync(join(import.meta.dirname, 'results.md'), `${text}\n${told.join('\n')}\n\n${machine(before)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
  await mlflow.updateRun(client, run.id, { status: 'FINISHED', endedAt: Date.now() })
  await mlflow.deleteRun(client, run.id)
  await mlflow.close(client)
  await server.stop()
  await endRun(runFolder(), 0)
}

function tell(line: string): void {
  console.log(line)
  told.push(`- ${line}`)
}

async function logPoints(): Promise<void> {
  const metrics = Array.from({ length: points }, (_, step) => ({
    key: 'loss',
    value: 1 / (step + 1),
    step,
    timestamp: 1,
  }))
  await mlflow.logBatch(client, run.id, { metrics })
}

async function uploads(): Promise<void> {
  const source = join(folder, 'model.bin')
  await pipeline(noise(), createWriteStream(source))
  const file = { path: 'model.bin', source, ...(await digestFile(source)) }
  const path = run.artifactUri.replace(/^mlflow-artifacts:\/+/, '')
  const url = `${server.address}/api/2.0/mlflow-artifacts/artifacts/${path}/model.bin`
  const curl = async (): Promise<void> => {
    const { status } = spawnSync('curl', ['-sf', '-T', source, '-o', '/dev/null', url])
    if (status !== 0) throw new Error(`curl ended with ${status}`)
  }
  const before = peakMemory()
  const times = { own: [] as number[], curl: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    times.curl.push(await secondsOf(curl))
    times.own.push(await secondsOf(() => mlflow.uploadArtifacts(client, run.artifactUri, [file])))
  }
  const [own, theirs] = [median(times.own), median(times.curl)]
  tell(`1 GB up: ${own.toFixed(1)} s with size and digest checked, curl ${theirs.toFixed(1)} s without`)
  tell(`speed: ${((100 * theirs) / own).toFixed(0)} % of curl’s (target 80 %)`)
  tell(`memory at its highest: ${peakMemory()} MB, before the uploads ${before} MB (target 300 MB)`)
  const down = await secondsOf(() => mlflow.downloadArtifact(client, run.artifactUri, file, join(folder, 'down.bin')))
  tell(`1 GB down: ${down.toFixed(1)} s, memory at its highest ${peakMemory()} MB`)
}

/** So many bytes that no compression makes fewer. */
async function* noise(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(10 ** 6)
  for (let left = bytes; left > 0; left -= chunk.length) {
    for (let at = 0; at < chunk.length; at += 65_536) crypto.getRandomValues(chunk.subarray(at, at + 65_536))
    yield chunk.slice()
  }
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** Resident memory of this process at its highest, in MB, as Linux counts it. */
function peakMemory(): number {
  const [, kilobytes = 'NaN'] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1000)
}
