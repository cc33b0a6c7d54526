import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identifyProcess } from '@headgate/systems'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { makeStateFolder } from '../folders.ts'
import { busyboxImage, pythonImage } from './images.ts'
import { type Docker, prepare, start } from './start.ts'

describeSystem('docker', await prepare(), () => {
  let docker: Docker

  beforeAll(async () => {
    docker = await start()
  })
  afterAll(() => docker?.stop())

  test('a container runs, and its exit code passes through', async () => {
    expect(await docker.docker('run', '--rm', busyboxImage, 'echo', 'Zürich')).toBe('Zürich')
    await expect(docker.docker('run', '--rm', busyboxImage, 'sh', '-c', 'exit 3')).rejects.toMatchObject({ code: 3 })
  })

  test('Python reads a mounted folder, and writes into another', async () => {
    const folder = makeStateFolder('mounts')
    for (const name of ['in', 'out']) await mkdir(join(folder, name))
    await writeFile(join(folder, 'in/rows.json'), '[1, 2, 3]')
    const code = 'import json; print(sum(json.load(open("/in/rows.json"))), file=open("/out/sum", "w"))'
    const mounts = ['-v', `${join(folder, 'in')}:/in:ro`, '-v', `${join(folder, 'out')}:/out`]
    await docker.docker('run', '--rm', '--network', 'host', ...mounts, pythonImage, 'python3', '-c', code)
    expect(await readFile(join(folder, 'out/sum'), 'utf8')).toBe('6\n')
  })

  test('a container that takes more memory than it may is told from one that fails', async () => {
    const code = 'b = b"x" * 200_000_000'
    const run = docker.docker('run', '--name', 'greedy', '-m', '64m', pythonImage, 'python3', '-c', code)
    await expect(run).rejects.toMatchObject({ code: 137 })
    expect(await docker.docker('inspect', '-f', '{{.State.OOMKilled}}', 'greedy')).toBe('true')
  })

  test('an image is built by BuildKit', async () => {
    const folder = makeStateFolder('build')
    await writeFile(join(folder, 'Dockerfile'), `FROM ${busyboxImage}\nRUN echo built > /made\nCMD ["cat", "/made"]\n`)
    await docker.docker('build', '--network', 'host', '-t', 'made', folder)
    expect(await docker.docker('run', '--rm', 'made')).toBe('built')
  })

  test('a container that still runs ends with the daemon', async () => {
    const id = await docker.docker('run', '-d', busyboxImage, 'sleep', '600')
    const pid = Number(await docker.docker('inspect', '-f', '{{.State.Pid}}', id))
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toBe('sleep\x00600\x00')
    await docker.daemon.kill()
    expect(await identifyProcess(pid)).toBeUndefined()
    await docker.daemon.start()
    expect(await docker.docker('ps', '-q')).toBe('')
  })
})
