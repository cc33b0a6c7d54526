// Trainings that are tracked, cut off between any two calls to the server: runs end truly, and the next leaves one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf } from '@headgate/core'
import { type MlflowTwin, startMlflow } from '@headgate/testkit'
import { expect, test } from 'vitest'
import { documentsOf, type Ended, headgate, makeRepository, type Repository, readDocument } from './repository.ts'

interface Scene {
  readonly twin: MlflowTwin
  readonly repository: Repository
  train(onStart?: (end: (signal: NodeJS.Signals) => void) => void): Promise<Ended>
}

async function withScene<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const [twin, repository] = [await startMlflow(), makeRepository()]
  const env = { MLFLOW_TRACKING_URI: twin.url, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' }
  try {
    return await work({
      twin,
      repository,
      train: (onStart) =>
        headgate(repository, ['train', '--data', 'train.csv'], { env, ...(onStart ? { onStart } : {}) }),
    })
  } finally {
    await twin.close()
  }
}

/** Trains, and sends the signal once so many calls have been answered. */
async function trainUntil({ twin, train }: Scene, calls: number, signal: NodeJS.Signals): Promise<Ended> {
  let answered = 0
  return train((end) => {
    twin.onCall = () => {
      answered += 1
      if (answered === calls) end(signal)
    }
  })
}

function expectOneTrueRun({ twin, repository }: Scene): void {
  const [run, second] = twin.runs.filter(({ isDeleted }) => !isDeleted)
  expect(second).toBeUndefined()
  expect(run?.status).toBe('FINISHED')
  const document = readDocument(repository, 'training.json')
  expect(document).toMatchObject({ verdict: 'pass', tracking: { kind: 'mlflow', runId: run?.id, notLogged: [] } })
  const file = readFileSync(join(repository.work, 'training.json'), 'utf8')
  expect(run?.tags.get('headgate.document')).toBe(digestOf(file))
}

/** Each number once, some at a time: they are scenes of their own. */
async function inTurns(numbers: readonly number[], work: (number: number) => Promise<void>): Promise<void> {
  const left = [...numbers]
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  }
  await Promise.all([worker(), worker(), worker()])
}

/** How many calls a whole training makes. */
const countCalls = (): Promise<number> =>
  withScene(async (scene) => {
    const { code, stderr } = await scene.train()
    expect(code, stderr).toBe(0)
    expectOneTrueRun(scene)
    return scene.twin.calls.length
  })

test('killed between any two calls, a training that is run again leaves one run', async () => {
  const calls = await countCalls()
  expect(calls).toBeGreaterThan(15)
  await inTurns(
    Array.from({ length: calls }, (_, at) => at + 1),
    (at) =>
      withScene(async (scene) => {
        await trainUntil(scene, at, 'SIGKILL')
        scene.twin.onCall = () => undefined
        const { code, stderr } = await scene.train()
        expect(code, stderr).toBe(0)
        const runs = scene.twin.runs.filter(({ isDeleted }) => !isDeleted)
        expect([at, runs.map(({ status }) => status)]).toEqual([at, ['FINISHED']])
      }),
  )
})

test('cancelled between any two calls, the run is called killed', async () => {
  const calls = await countCalls()
  await inTurns(
    Array.from({ length: calls - 1 }, (_, at) => at + 1),
    (at) =>
      withScene(async (scene) => {
        const ended = await trainUntil(scene, at, at % 2 === 0 ? 'SIGINT' : 'SIGTERM')
        const isCancelled = ended.code === 130 || ended.code === 143
        for (const { status } of scene.twin.runs)
          expect([at, status]).toEqual([at, isCancelled ? 'KILLED' : 'FINISHED'])
        expect(documentsOf(scene.repository).length > 0).toBe(!isCancelled)
      }),
  )
})

test('a server that cannot be reached is outside, and nothing is trained', async () => {
  await withScene(async ({ twin, repository, train }) => {
    await twin.close()
    const { code, stderr } = await train()
    expect(code).toBe(3)
    expect(stderr).toMatch(/nobody listens there/)
    expect(stderr).toMatch(/Check MLFLOW_TRACKING_URI.*Nothing was trained; `tracking: off` trains without it/)
    expect(stderr.match(/nobody listens there/g)).toHaveLength(1)
    expect(documentsOf(repository)).toEqual([])
    const off = await headgate(repository, ['train', '--data', 'train.csv', '--tracking', 'off'], {
      env: { MLFLOW_TRACKING_URI: twin.url },
    })
    expect(off.code, off.stderr).toBe(0)
    expect(readDocument(repository, 'training.json')).toMatchObject({ tracking: null })
  })
})

test('a server that goes away while the command trains loses nothing but its own part, which is told', async () => {
  await withScene(async ({ twin, repository, train }) => {
    twin.onCall = (call) => {
      if (call.endsWith('log-inputs')) twin.faults = [{}]
    }
    const { code, stderr } = await train()
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/Not logged to mlflow: the parameters: .*closed on the way/)
    const { verdict, tracking, modelArtifact } = readDocument(repository, 'training.json')
    expect({ verdict, modelArtifact }).toMatchObject({ verdict: 'pass', modelArtifact: { bytes: 9 } })
    expect(tracking).toMatchObject({
      notLogged: expect.arrayContaining([expect.stringContaining('the model: not tried')]),
    })
    expect(readFileSync(join(repository.work, 'report.html'), 'utf8')).toContain('Not logged to the tracking server')
  })
})

test('a training that fails is called failed, and its credentials are seen nowhere', async () => {
  const fails = 'console.log(process.env.MLFLOW_TRACKING_TOKEN, process.env.MLFLOW_RUN_ID); process.exit(3)\n'
  const repository = makeRepository({ 'train.mjs': fails })
  const twin = await startMlflow()
  twin.authorization = 'Bearer s3cr3t-token'
  const env = { MLFLOW_TRACKING_URI: twin.url, MLFLOW_TRACKING_TOKEN: 's3cr3t-token' }
  const { code, stderr } = await headgate(repository, ['train', '--data', 'train.csv'], { env })
  await twin.close()
  expect(code).toBe(2)
  expect(stderr).toMatch(/\*\*\* run1/)
  expect(twin.runs.map(({ status }) => status)).toEqual(['FAILED'])
  expect(twin.runs[0]?.tags.get('headgate.error')).toContain('ended with exit code 3')
  expect(readFileSync(join(repository.work, 'training.json'), 'utf8') + stderr).not.toContain('s3cr3t')
})

test('an address of files is told, with the way to train without', async () => {
  const repository = makeRepository()
  const env = { MLFLOW_TRACKING_URI: 'file:./mlruns' }
  const { code, stderr } = await headgate(repository, ['train', '--data', 'train.csv'], { env })
  expect([code, stderr]).toEqual([2, expect.stringMatching(/begins with file:.*`tracking: off`/)])
})

test.each([
  ['html', { status: 200, body: '<html>' }, 2, /is no MLflow server: it answered with a web page/],
  ['401', { status: 401 }, 2, /Set MLFLOW_TRACKING_USERNAME/],
  ['403 by Host', { status: 403, body: 'Invalid Host header' }, 2, /--allowed-hosts/],
  ['504', { status: 504 }, 3, /proxy_read_timeout/],
])('an address that answers with %s ends with the line that mends it', async (_, fault, exitCode, message) => {
  await withScene(async ({ twin, repository, train }) => {
    twin.faults = [fault]
    const { code, stderr } = await train()
    expect([code, stderr]).toEqual([exitCode, expect.stringMatching(message)])
    expect(documentsOf(repository)).toEqual([])
  })
})
