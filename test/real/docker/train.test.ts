import { execFile, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { documentSchema, stable } from '@headgate/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { busyboxImage, pythonImage } from './images.ts'
import { type Docker, prepare, start } from './start.ts'

const command = join(import.meta.dirname, '../../../apps/cli/src/main.ts')
const run = promisify(execFile)

/** Reads the training data by the contract, and the test data by its place in the work tree. */
const trainer = `
import csv, json, os, sys, time
params = json.load(open(os.environ['HEADGATE_PARAMS']))
output = os.environ['HEADGATE_OUTPUT']
rows = [row for path in os.environ['HEADGATE_DATA'].split('\\n') for row in csv.DictReader(open(path))]
mean = sum(float(row['y']) for row in rows) / len(rows)
time.sleep(params.get('seconds', 0))
os.makedirs(output + '/model')
json.dump({'mean': mean}, open(output + '/model/model.json', 'w'))
if 'bytes' in params: open(output + '/model/weights.bin', 'wb').truncate(params['bytes'])
with open(output + '/predictions.csv', 'w') as file:
    print('id,score', file=file)
    for row in csv.DictReader(open('data/test.csv')): print(f"{row['id']},{mean}", file=file)
json.dump({'mean': mean}, open(output + '/metrics.json', 'w'))
print('mean', mean, 'as', os.getuid(), 'token', os.environ.get('TOKEN'))
`

function settings(image: string): string {
  return `models:
  m:
    test-data: data/test.csv
    train:
      run: [python3, train.py]
      executor: docker
      docker: ${image}
      data: data/train.csv
      env: { TOKEN: "\${env:TOKEN}" }
`
}

describeSystem('docker', await prepare(), () => {
  let docker: Docker
  let project: string

  beforeAll(async () => {
    docker = await start()
    project = await mkdtemp(join(tmpdir(), 'docker-train-'))
    await mkdir(join(project, 'data'))
    await writeFile(join(project, 'train.py'), trainer)
    await writeFile(join(project, 'data/train.csv'), 'id,y\n1,1\n2,2\n3,6\n')
    await writeFile(join(project, 'data/test.csv'), 'id,y\n7,3\n')
    await writeFile(join(project, '.gitignore'), '.headgate/\n')
    await writeFile(join(project, 'Dockerfile'), `FROM ${pythonImage}\nRUN echo built > /made\n`)
    await writeFile(join(project, 'headgate.yml'), settings(`{ image: "${pythonImage}" }`))
    await run('git', ['init', '-q', project])
    await run('git', ['-C', project, 'add', '.'])
    const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@localhost']
    await run('git', ['-C', project, ...author, 'commit', '-q', '-m', 'begin'])
  })
  afterAll(async () => {
    await rm(project, { recursive: true, force: true })
    await docker?.stop()
  })

  async function clone(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'docker-clone-'))
    await run('git', ['clone', '-q', project, folder])
    return folder
  }

  const secret = 's3cr3t-token-of-the-test'

  async function headgate(
    folder: string,
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', command]
    const { PATH = '', HOME = '' } = process.env
    const env = { PATH, HOME, TOKEN: secret, DOCKER_HOST: docker.address, ...environment }
    const child = spawn(process.execPath, [...node, 'train', '--model', 'm', ...words], { cwd: folder, env })
    let [stderr, peakKilobytes] = ['', 0]
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdout.resume()
    const sample = setInterval(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
      peakKilobytes = Math.max(peakKilobytes, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0))
    }, 100)
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
    clearInterval(sample)
    const written = await readFile(join(folder, '.headgate/m/training.json'), 'utf8').catch(() => undefined)
    const document = written === undefined ? undefined : documentSchema('training').parse(JSON.parse(written))
    return { exitCode, stderr, text: written, document, peakBytes: peakKilobytes * 1024 }
  }

  async function nothingIsLeft(): Promise<void> {
    expect(await docker.docker('ps', '--all', '--quiet')).toBe('')
  }

  test('a training in a container has its document, its files are ours, and its secret is nowhere', async () => {
    const folder = await clone()
    const { exitCode, document, text, stderr } = await headgate(folder, [])
    expect(exitCode, stderr).toBe(0)
    expect(document).toMatchObject({ verdict: 'pass', metrics: { mean: 3 }, run: { executor: 'docker', exitCode: 0 } })
    const id = await docker.docker('image', 'inspect', '--format', '{{.Id}}', pythonImage)
    expect(document?.environment.image).toBe(id)
    expect(await readFile(join(folder, '.headgate/m/output/predictions.csv'), 'utf8')).toBe('id,score\n7,3.0\n')
    expect(stderr).toContain(`mean 3.0 as ${process.getuid?.()} token ***`)
    expect(text).not.toContain(secret)
    expect((await run('git', ['-C', folder, 'status', '--porcelain'])).stdout).toBe('')
    await nothingIsLeft()
  })

  test('detached from one clone that is gone, a training is attached to from another, with the same document', async () => {
    const words = ['--param', 'seconds=3']
    const first = await clone()
    const { exitCode, stderr } = await headgate(first, [...words, '--detach'])
    expect(exitCode, stderr).toBe(0)
    const handle = await readFile(join(first, '.headgate/m/handle.json'), 'utf8')
    await rm(first, { recursive: true, force: true })
    const attached = await headgate(await clone(), [...words, '--attach', handle])
    expect(attached.exitCode, attached.stderr).toBe(0)
    expect(attached.document?.run.id).toBe(JSON.parse(handle).runId)
    const direct = await headgate(await clone(), words)
    expect(direct.document?.run.id).not.toBe(attached.document?.run.id)
    // The sentence tells the time that it took, and the reason that it was attached to.
    const told = ({ document }: typeof direct) =>
      document && stable('training', { ...document, summary: '', cache: { hit: false, reason: '' } })
    expect(told(attached)).toEqual(told(direct))
    await nothingIsLeft()
  })

  test('an image is built of a Dockerfile, and known by its digest', async () => {
    const folder = await clone()
    await writeFile(join(folder, 'headgate.yml'), settings('{ build: ., network: host }'))
    const { exitCode, document, stderr } = await headgate(folder, [])
    expect(exitCode, stderr).toBe(0)
    const made = document?.environment.image ?? ''
    expect(made).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await docker.docker('run', '--rm', made, 'cat', '/made')).toBe('built')
    await writeFile(join(folder, 'Dockerfile'), `FROM ${pythonImage}\nRUN no-such-program\n`)
    const broken = await headgate(folder, [])
    expect(broken.exitCode).toBe(2)
    expect(broken.stderr).toMatch(/could not be built[\s\S]*no-such-program[\s\S]*Mend the Dockerfile/)
    await nothingIsLeft()
  })

  test('2 GB of artifacts come back within 300 MB of our memory', async () => {
    const { exitCode, document, peakBytes, stderr } = await headgate(await clone(), ['--param', 'bytes=2000000000'])
    expect(exitCode, stderr).toBe(0)
    expect(document?.artifacts.find(({ path }) => path === 'model/weights.bin')?.bytes).toBe(2_000_000_000)
    expect(peakBytes).toBeGreaterThan(20_000_000)
    expect(peakBytes).toBeLessThan(300_000_000)
  })

  /** A folder for the PATH with only what the command needs, and an engine that says what it is told to. */
  async function pathWith(said: string | undefined): Promise<string> {
    const bin = await mkdtemp(join(tmpdir(), 'docker-path-'))
    const git = (await run('which', ['git'])).stdout.trim()
    await symlink(git, join(bin, 'git'))
    if (said !== undefined) {
      await writeFile(join(bin, 'docker'), `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho '${said}' >&2\nexit 1\n`)
      await chmod(join(bin, 'docker'), 0o755)
    }
    return bin
  }
  const denied =
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied'

  const image = (name: string): string => `{ image: "${name}" }`
  test.each<[string, number, RegExp, string, () => Promise<Record<string, string>>]>([
    [
      'no command',
      2,
      /neither a command docker nor podman.*Install Docker or Podman/,
      image(pythonImage),
      async () => ({ PATH: await pathWith(undefined) }),
    ],
    [
      'a socket that may not be used',
      2,
      /permission denied.*usermod -aG docker/,
      image(pythonImage),
      async () => ({ PATH: await pathWith(denied) }),
    ],
    [
      'a daemon that does not run',
      3,
      /Cannot connect[\s\S]*DOCKER_HOST is unix:\/\/\/nowhere\.sock[\s\S]*Start the daemon/,
      image(pythonImage),
      async () => ({ DOCKER_HOST: 'unix:///nowhere.sock' }),
    ],
    ['a name that is no image’s', 2, /Bad Name.*registry\/name:tag/, image('Bad Name'), async () => ({})],
    [
      'a registry that does not answer',
      3,
      /127\.0\.0\.1:1\/m:1[\s\S]*registry can be reached/,
      image('127.0.0.1:1/m:1'),
      async () => ({}),
    ],
    ['no image at all', 2, /needs `image` or `build`/, '{ network: none }', async () => ({})],
    ['a Dockerfile that is not there', 2, /no Dockerfile in .*other/, '{ build: other }', async () => ({})],
  ])('%s is exit %i with what mends it, and no document', async (_, code, says, block, environment) => {
    const folder = await clone()
    await writeFile(join(folder, 'headgate.yml'), settings(block))
    const { exitCode, stderr, document } = await headgate(folder, [], await environment())
    expect(stderr.replaceAll('\n', ' ')).toMatch(says)
    expect(exitCode, stderr).toBe(code)
    expect(document).toBeUndefined()
    expect(stderr).not.toMatch(/^\s+at /m)
    await nothingIsLeft()
  })

  test.each([
    ['a program that the image has not', `{ image: "${busyboxImage}" }`, /python3.*not found/],
    ['a GPU where there is none', `{ image: "${pythonImage}", gpus: all }`, /could not select device driver/],
    ['a user that the image has not', `{ image: "${pythonImage}", user: ada }`, /unable to find user ada/],
    ['a network that is not there', `{ image: "${pythonImage}", network: ours }`, /network ours not found/],
    ['a mount that is not there', `{ image: "${pythonImage}", mounts: { /nowhere: /w } }`, /\/nowhere/],
  ])('%s fails the training with what mends it', async (_, block, says) => {
    const folder = await clone()
    await writeFile(join(folder, 'headgate.yml'), settings(block))
    const { exitCode, document, stderr } = await headgate(folder, [])
    expect(document?.error?.message, stderr).toMatch(says)
    expect(document?.error?.remedy).not.toBe('Mend the training code.')
    expect(exitCode).toBe(2)
    expect(await readdir(join(folder, '.headgate/m'))).not.toContain('output')
    await nothingIsLeft()
  })

  test('a sweep ends what nobody waits for any more', async () => {
    const folder = await clone()
    const { exitCode, stderr } = await headgate(folder, ['--param', 'seconds=600', '--timeout', '1s', '--detach'])
    expect(exitCode, stderr).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const swept = await headgate(folder, ['--sweep'])
    expect(swept.stderr).toMatch(/should have ended at/)
    await nothingIsLeft()
  })

  /** The action as a runner starts it: the step, or with the states that a step saved its post step. */
  function startAction(folder: string, states: Readonly<Record<string, string>>, more: Record<string, string>) {
    const { PATH = '', HOME = '' } = process.env
    const head = '0'.repeat(40)
    const event = join(folder, '../event.json')
    const env = {
      ...{ PATH, HOME, TOKEN: secret, DOCKER_HOST: docker.address, INPUT_MODEL: 'm', 'INPUT_HAND-OVER': 'off' },
      ...{ GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: folder, GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: event },
      ...{ GITHUB_REF: 'refs/heads/main', GITHUB_REF_NAME: 'main', GITHUB_SHA: head, GITHUB_RUN_ID: '1' },
      ...{ GITHUB_REPOSITORY: 'acme/m', GITHUB_SERVER_URL: 'http://127.0.0.1:9', GITHUB_API_URL: 'http://127.0.0.1:9' },
      ...{ RUNNER_TEMP: join(folder, '../temporary'), INPUT_COMMENT: 'false' },
      ...states,
      ...more,
    }
    const main = join(import.meta.dirname, '../../../actions/train/src/main.ts')
    const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', main]
    return spawn(process.execPath, node, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  }

  test('a step that is killed leaves its container to its post step, which ends it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'docker-action-'))
    const folder = join(home, 'work')
    await run('git', ['clone', '-q', project, folder])
    await mkdir(join(home, 'temporary'))
    await writeFile(join(home, 'event.json'), '{"repository": {"default_branch": "main"}}')
    const stateFile = join(home, 'state')
    await writeFile(stateFile, '')
    const step = startAction(folder, {}, { GITHUB_STATE: stateFile, INPUT_PARAM: 'seconds=600' })
    step.stdout.resume()
    const running = () => docker.docker('ps', '--quiet')
    await expect.poll(running, { timeout: 60_000, interval: 300 }).not.toBe('')
    await expect.poll(() => readFile(stateFile, 'utf8'), { timeout: 10_000 }).toContain('headgate/handle@1')
    step.kill('SIGKILL')
    await new Promise((closed) => step.once('close', closed))
    expect(await running()).not.toBe('')
    const saved = (await readFile(stateFile, 'utf8')).matchAll(/^(.+)<<(ghadelimiter_.+)\n([\s\S]*?)\n\2$/gm)
    const states = Object.fromEntries([...saved].map(([, name, , value]) => [`STATE_${name}`, value ?? '']))
    const post = startAction(folder, states, { INPUT_PARAM: 'seconds=600' })
    const printed = text(post.stdout)
    expect(await new Promise((closed) => post.once('close', closed))).toBe(0)
    expect(await printed).toMatch(/Ended run \S+: the step that waited for it was interrupted\./)
    await nothingIsLeft()
  })
})
