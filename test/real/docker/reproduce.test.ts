import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Document } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { pythonImage } from './images.ts'
import { type Docker, prepare, start } from './start.ts'

const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts')
const run = promisify(execFile)

const trainer = `
import csv, json, os
output = os.environ['HEADGATE_OUTPUT']
os.makedirs(output + '/model')
json.dump({'rows': len(open(os.environ['HEADGATE_DATA']).readlines())}, open(output + '/model/model.json', 'w'))
with open(output + '/predictions.csv', 'w') as file:
    print('id,prediction', file=file)
    for row in csv.DictReader(open('test.csv')): print(f"{row['id']},{int(row['x']) % 2}", file=file)
`

const settings = `models:
  m:
    test-data: test.csv
    positive: "1"
    train: { run: [python3, train.py], executor: docker, docker: { image: "${pythonImage}" }, data: train.csv }
    evaluate-gate: { bootstrap: true, policy: [{ metric: accuracy, min: 0.6 }] }
    register-model: { store: "directory:../store" }
`

describeSystem('docker', await prepare(), () => {
  let docker: Docker
  let home: string
  let project: string

  beforeAll(async () => {
    docker = await start()
    home = await mkdtemp(join(tmpdir(), 'docker-reproduce-'))
    project = join(home, 'project')
    await run('git', ['init', '-q', project])
    const rows = Array.from({ length: 60 }, (_, x) => `r${x},${x},${x % 2}`)
    for (const name of ['train.csv', 'test.csv'])
      await writeFile(join(project, name), `id,x,label\n${rows.join('\n')}\n`)
    await writeFile(join(project, 'train.py'), trainer)
    await writeFile(join(project, '.gitignore'), '.headgate/\n')
    await writeFile(join(project, 'headgate.yml'), settings)
    for (const words of [
      ['config', 'user.name', 'Ada'],
      ['config', 'user.email', 'ada@localhost'],
      ['add', '.'],
      ['commit', '-qm', 'begin'],
    ])
      await run('git', ['-C', project, ...words])
  })
  afterAll(async () => {
    await rm(home, { recursive: true, force: true })
    await docker?.stop()
  })

  const headgate = <D>(...words: string[]): Promise<D> => headgateIn(project, ...words)

  async function headgateIn<D>(cwd: string, ...words: string[]): Promise<D> {
    const { PATH = '', HOME = '' } = process.env
    const env = { PATH, HOME, DOCKER_HOST: docker.address }
    const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command]
    const { stdout } = await run(process.execPath, [...node, ...words, '--format', 'json'], { cwd, env })
    return JSON.parse(stdout) as D
  }

  test('a version that was trained in a container is trained in one of the same image again', async () => {
    const training = await headgate<Document<'training'>>('train')
    // Of this machine, as the daemon is; but its interpreter trains nothing.
    expect(training.environment).toMatchObject({
      interpreter: null,
      packages: null,
      os: expect.stringContaining('Linux'),
    })
    expect(training.environment.image).toMatch(/sha256:/)
    const took = Date.parse(training.run.finishedAt ?? '') - Date.parse(training.run.startedAt)
    expect(took).toBeGreaterThan(0)
    await headgate('evaluate-gate')
    await headgate('register-model')
    // The same training is there, and has succeeded: a submission under its name would take it over.
    const other = join(home, 'other')
    await run('git', ['clone', '-q', project, other])
    const detached = await headgateIn<Document<'training'>>(other, 'train', '--detach')
    expect(detached.key).toBe(training.key)
    expect(await docker.docker('wait', (await docker.docker('ps', '--all', '--quiet')).trim())).toBe('0')

    const document = await headgate<Document<'reproduction'>>('reproduce', '0.1.0')
    expect(document).toMatchObject({ verdict: 'pass', basis: 'predictions', differences: [] })
    expect([training.run.id, detached.run.id]).not.toContain(document.run?.id)
    const lookedAt = Date.now()
    const attached = await headgateIn<Document<'training'>>(other, 'train', '--attach', '.headgate/m/handle.json')
    expect(attached.run.id).toBe(detached.run.id)
    // It ended when the container did, not when somebody looked.
    expect(Date.parse(attached.run.finishedAt ?? '')).toBeLessThan(lookedAt)
    expect(document.artifacts.every(({ was, is }) => was === is)).toBe(true)
    expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
  })
})
