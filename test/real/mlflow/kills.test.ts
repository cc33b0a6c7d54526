// A real server behind a proxy that counts answers, so that a training can be cut off between any two of them.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Server, servers } from './server.ts'

interface Proxy {
  readonly url: string
  /** Called with the number of answers so far. */
  onAnswer: (count: number) => void
  close(): void
}

async function startProxy(target: string): Promise<Proxy> {
  let count = 0
  const server = createServer((incoming, outgoing) => {
    const options = { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } }
    const forwarded = request(new URL(incoming.url ?? '/', target), options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      outgoing.once('close', () => {
        count += 1
        proxy.onAnswer(count)
      })
    })
    forwarded.on('error', () => outgoing.destroy())
    incoming.pipe(forwarded)
  })
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done)
  })
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onAnswer: () => undefined,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return proxy
}

const trainer = `
const { mkdirSync, writeFileSync } = require('node:fs')
const output = process.env.HEADGATE_OUTPUT
mkdirSync(output + '/model')
writeFileSync(output + '/model/weights.json', '{}')
writeFileSync(output + '/predictions.csv', 'id,score\\n1,0.5\\n')
writeFileSync(output + '/metrics.json', '{"auc": 0.75}')
`

const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts')

function makeProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlflow-kills-'))
  writeFileSync(join(folder, 'train.cjs'), trainer)
  writeFileSync(join(folder, 'data.csv'), 'id\n1\n')
  execFileSync('git', ['init', '-q', folder])
  execFileSync('git', ['-C', folder, 'add', '.'])
  return folder
}

/** Trains; `end` is called to send a signal. */
function train(
  folder: string,
  experiment: string,
  env: NodeJS.ProcessEnv,
  onStart: (end: () => void) => void = () => {},
) {
  const words = ['train', '--model', 'm', '--run', `${process.execPath} train.cjs`, '--data', 'data.csv']
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command]
  return new Promise<number | null>((done) => {
    const { PATH, HOME } = process.env
    const options = { cwd: folder, env: { PATH, HOME, ...env }, stdio: 'ignore' as const }
    const child = spawn(process.execPath, [...node, ...words, '--experiment', experiment], options)
    onStart(() => child.kill('SIGKILL'))
    child.once('close', done)
  })
}

const readStatuses = `
experiment = client.get_experiment_by_name(a)
answer([[r.info.status, r.data.tags.get('headgate.document') is not None, r.data.metrics.get('auc')]
  for r in client.search_runs([experiment.experiment_id])] if experiment else [])
`

async function cutOffAt(server: Server, at: number): Promise<void> {
  const proxy = await startProxy(server.environment.MLFLOW_TRACKING_URI ?? '')
  const env = { ...server.environment, MLFLOW_TRACKING_URI: proxy.url }
  const [folder, experiment] = [makeProject(), `cut off at ${at} ${server.title} ${Date.now()}`]
  try {
    await train(folder, experiment, env, (end) => {
      proxy.onAnswer = (count) => {
        if (count === at) end()
      }
    })
    expect(await train(folder, experiment, env)).toBe(0)
    expect([at, await server.python(readStatuses, experiment)]).toEqual([at, [['FINISHED', true, 0.75]]])
  } finally {
    proxy.close()
  }
}

// A whole training has about twenty answers; with basic auth each takes its time, and the calls are the same.
const answers = [3, 6, 8, 10, 12, 14, 16, 18]

const known = await servers([{ version: '3' }, { version: '2' }])

describe.each(known)('$title', (server) => {
  test.each(answers)('cut off after answer %i, a training that is run again leaves one run', async (at) => {
    await cutOffAt(server, at)
  })
})
