// The loop on real data: first model, quiet month, drifting months, retraining, a worse model, a broken deployment.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Deployment, Drift, Evaluation, Header, Model } from '@headgate/core'
import { stopServices } from './services.ts'
import { openScene, type Scene } from './stage.ts'

const root = join(import.meta.dirname, '../..')
const home = join(root, '.demo')

const acts: readonly (readonly [string, (scene: Scene) => Promise<void> | void])[] = [
  ['The first model: validated, trained, accepted as bootstrap, registered, deployed, answering', firstModel],
  ['A quiet month: no retraining, and the reason why', quietMonth],
  ['A drifting month: one window alone starts nothing', firstDrift],
  ['A second drifting month: the rule of 2 in 3 is met', secondDrift],
  ['The challenger: trained on the new months, gated against the champion on the same rows, deployed', challenger],
  ['A deliberately worse model: refused by the gate', worseModel],
  ['A deployment that fails its smoke test: rolled back by itself', brokenDeployment],
]

async function answering(scene: Scene, status = 200): Promise<void> {
  const response = await fetch(`${scene.endpoint}/health`)
  assert.equal(response.status, status)
}

function say(document: Header): void {
  console.log(`  ${document.verdict}: ${document.summary}`)
}

async function firstModel(scene: Scene): Promise<void> {
  scene.headgate('push to main', ['run', '--event', 'push'])
  const evaluation = scene.document<Header & Evaluation>('evaluation')
  say(evaluation)
  assert.equal(evaluation.bootstrap, true)
  assert.equal(scene.document<Model>('model').version, '0.1.0')
  const deployment = scene.document<Header & Deployment>('deployment')
  say(deployment)
  assert.equal(deployment.version, '0.1.0')
  await answering(scene)
}

function look(scene: Scene, title: string): Header & Drift {
  scene.headgate(title, ['run', '--event', 'schedule'])
  const drift = scene.document<Header & Drift>('drift')
  say(drift)
  console.log(
    `  retrain: ${drift.decision.retrain}. ${[...drift.decision.reasons, ...drift.decision.blockedBy].join(' ')}`,
  )
  assert.ok(drift.decision.reasons.length > 0)
  return drift
}

function quietMonth(scene: Scene): void {
  const drift = look(scene, 'schedule, March')
  assert.equal(drift.drifted, false)
  assert.equal(drift.decision.retrain, false)
}

function firstDrift(scene: Scene): void {
  scene.copy('data/batches/2013-06/flights.parquet', 'data/current.parquet')
  const drift = look(scene, 'schedule, June')
  assert.equal(drift.drifted, true)
  assert.equal(drift.decision.retrain, false)
}

function secondDrift(scene: Scene): void {
  scene.copy('data/batches/2013-07/flights.parquet', 'data/current.parquet')
  const drift = look(scene, 'schedule, July')
  assert.equal(drift.drifted, true)
  assert.equal(drift.decision.retrain, true)
}

async function challenger(scene: Scene): Promise<void> {
  scene.copy('data/batches/2013-06/flights.parquet', 'data/train/2013-06.parquet')
  scene.copy('data/batches/2013-07/flights.parquet', 'data/train/2013-07.parquet')
  scene.copy('data/batches/2013-07/holdout.parquet', 'data/test.parquet')
  scene.commit('Train on June and July, judge on the rows of July that were held out')
  scene.headgate('push to main', ['run', '--event', 'push'])
  const evaluation = scene.document<Header & Evaluation>('evaluation')
  say(evaluation)
  assert.equal(evaluation.verdict, 'pass')
  assert.equal(evaluation.baseline.kind, 'champion')
  assert.equal(evaluation.baseline.paired, true)
  const deployment = scene.document<Header & Deployment>('deployment')
  say(deployment)
  assert.deepEqual([deployment.version, deployment.previousVersion], ['0.2.0', '0.1.0'])
  await answering(scene)
}

async function worseModel(scene: Scene): Promise<void> {
  scene.headgate(
    'push of a model trained on shuffled labels',
    ['run', '--event', 'push', '--param', 'shuffle_labels=true'],
    1,
  )
  const evaluation = scene.document<Header & Evaluation>('evaluation')
  say(evaluation)
  assert.equal(evaluation.verdict, 'fail')
  assert.match(scene.headgate('who is champion', ['resolve', '--alias', 'champion']), /0\.2\.0/)
}

async function brokenDeployment(scene: Scene): Promise<void> {
  scene.headgate('push of a model that does not serve', ['run', '--event', 'push', '--param', 'break_serving=true'], 1)
  const deployment = scene.document<Header & Deployment>('deployment')
  say(deployment)
  assert.equal(deployment.rolledBack, true)
  assert.match(scene.headgate('who is champion', ['resolve', '--alias', 'champion']), /0\.2\.0/)
  await answering(scene)
}

const started = Date.now()
const scene = await openScene(root, home)
try {
  for (const [index, [title, play]] of acts.entries()) {
    console.log(`\n━━ ${index + 1} of ${acts.length}: ${title}`)
    await play(scene)
  }
  console.log('\n━━ What happened, from the ledger')
  console.log(scene.headgate('ledger', ['ledger']))
  const comment = join(home, 'comment.md')
  writeFileSync(comment, scene.headgate('the comment', ['report']))
  console.log(`The report:  ${join(scene.folder, '.headgate/flight-delays/report.html')}`)
  console.log(`The comment: ${comment}`)
  console.log(`All ${acts.length} acts happened as they should, in ${((Date.now() - started) / 1000).toFixed(0)} s.`)
} catch (error) {
  console.error(`\nThe demo failed: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  await stopServices(join(scene.folder, '.headgate'))
}
