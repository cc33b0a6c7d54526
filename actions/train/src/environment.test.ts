import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askerIn } from './environment/ask.ts'
import { findInterpreter } from './environment/interpreter.ts'
import { thisMachine } from './environment/machine.ts'
import { captureEnvironment } from './environment.ts'
import { lockDigest } from './key.ts'
import { seedsOf } from './seeds.ts'

const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
const version = execFileSync(python, ['--version'], { encoding: 'utf8' }).trim()

let home: string
let bin: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'environment-'))
  bin = join(home, 'bin')
  mkdirSync(bin)
  symlinkSync(python, join(bin, 'python'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A file of the folder. */
function put(path: string, text: string, isProgram = false): string {
  const file = join(home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (isProgram) chmodSync(file, 0o755)
  return file
}

/** A program that answers as the real one does when it is asked with these words, and fails else. */
function program(name: string, answers: Readonly<Record<string, string>>): void {
  const cases = Object.entries(answers).map(([words, text]) => `  '${words}') cat <<'END'\n${text}\nEND\n  ;;`)
  put(
    `bin/${name}`,
    `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n  *) echo "unknown: $*" >&2; exit 2 ;;\nesac\n`,
    true,
  )
}

function place() {
  const environment = { PATH: `${bin}:/usr/bin:/bin` }
  return { folder: home, environment, ask: askerIn(home, environment) }
}

function capture(command: readonly string[], more: { image?: string; isElsewhere?: boolean } = {}) {
  const isHere = more.isElsewhere !== true
  const { folder, environment } = place()
  const image = more.image ?? null
  return captureEnvironment(command, { folder, environment, image, isThisMachine: isHere, isOwnInterpreter: isHere })
}

describe('the interpreter is found', () => {
  test.each([
    ['as the command itself', 'python train.py', 'python'],
    ['as a module of it', 'python -m train', 'python'],
    ['behind env', '/usr/bin/env python train.py', 'python'],
    ['behind env with options and variables', 'env -i -u HOME A=1 python train.py', 'python'],
    ['behind what runs a command', 'timeout 5m python train.py', 'python'],
    ['behind MPI', 'mpirun -np 4 python train.py', 'python'],
  ])('%s', async (_, command, expected) => {
    expect(await findInterpreter(command.split(' '), place())).toEqual([expected])
  })

  test.each([
    ['python train.py', 'python'],
    ['cd code && SEED=1 python train.py > log', 'python'],
    ['export A=1; exec python train.py', 'python'],
  ])('in the line for a shell %j', async (line, expected) => {
    expect(await findInterpreter(['/bin/sh', '-c', line], place())).toEqual([expected])
  })

  test.each(['papermill', 'torchrun', 'accelerate'])('in the first line of %s', async (name) => {
    put(`bin/${name}`, `#!${python}\nimport sys\n`, true)
    expect(await findInterpreter([name, 'x'], place())).toEqual([python])
  })

  test('in a script of the work tree, and in what pip writes for long paths', async () => {
    put('train.py', '#!/usr/bin/env python\n', true)
    expect(await findInterpreter(['./train.py'], place())).toEqual(['python'])
    put('bin/papermill', `#!/bin/sh\n'''exec' "${python}" "$0" "$@"\n' '''\n`, true)
    expect(await findInterpreter(['papermill'], place())).toEqual([python])
  })

  test('beside a version manager’s stand-in', async () => {
    put('bin/torchrun', '#!/usr/bin/env bash\nexec pyenv exec torchrun "$@"\n', true)
    expect(await findInterpreter(['torchrun', 'train.py'], place())).toEqual([join(bin, 'python')])
  })

  test('by asking uv, poetry and pipenv, which make nothing to answer that', async () => {
    program('uv', { 'python find --project sub --python 3.12': '/opt/uv/bin/python3.12' })
    program('poetry', { '-C sub env info --executable': '/opt/poetry/bin/python' })
    program('pipenv', { '--py': 'Loading .env environment variables...\n/opt/pipenv/bin/python' })
    const find = (command: string) => findInterpreter(command.split(' '), place())
    expect(await find('uv run --project sub -p 3.12 train.py')).toEqual(['/opt/uv/bin/python3.12'])
    expect(await find('poetry -C sub run train')).toEqual(['/opt/poetry/bin/python'])
    expect(await find('pipenv run train')).toEqual(['/opt/pipenv/bin/python'])
  })

  test('where pdm remembers it', async () => {
    const find = () => findInterpreter(['pdm', 'run', 'train.py'], place())
    expect(await find()).toBeUndefined()
    const inVenv = put('.venv/bin/python', '', true)
    expect(await find()).toEqual([inVenv])
    put('.pdm-python', join(bin, 'python'))
    expect(await find()).toEqual([join(bin, 'python')])
  })

  test('in the environments of pixi and conda', async () => {
    const inPixi = put('.pixi/envs/gpu/bin/python', '', true)
    expect(await findInterpreter(['pixi', 'run', '-e', 'gpu', 'train'], place())).toEqual([inPixi])
    expect(await findInterpreter(['pixi', 'run', 'train'], place())).toBeUndefined()
    const conda = ['conda', 'run', '--no-capture-output', '-n', 'ml']
    expect(await findInterpreter([...conda, 'python', 'train.py'], place())).toEqual([...conda, 'python'])
    expect(await findInterpreter([...conda, 'train'], place())).toEqual([...conda, 'python'])
  })

  test('nowhere behind what starts others, and where there is none', async () => {
    put('bin/dvc', `#!${python}\n`, true)
    expect(await findInterpreter(['dvc', 'repro'], place())).toBeUndefined()
    expect(await findInterpreter(['no-such-program'], place())).toBeUndefined()
    expect(await findInterpreter(['./train'], place())).toBeUndefined()
  })
})

test('of a venv’s interpreter, version and packages are known', async () => {
  execFileSync(python, ['-m', 'venv', '--without-pip', join(home, '.venv')])
  const site = execFileSync(join(home, '.venv/bin/python'), [
    '-c',
    'import sysconfig; print(sysconfig.get_path("purelib"))',
  ])
  const info = join(site.toString().trim(), 'tiny-1.2.dist-info')
  mkdirSync(info)
  writeFileSync(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.2\n')
  mkdirSync(join(home, '.venv/conda-meta'))
  writeFileSync(join(home, '.venv/conda-meta/mkl-2024.1-h0.json'), '{}')
  const found = await capture(['.venv/bin/python', 'train.py'])
  expect(found).toMatchObject({ interpreter: version, lock: null, packages: ['conda:mkl-2024.1-h0', 'tiny==1.2'] })
  // An exact lock says it all; one that leaves versions open does not.
  put('requirements.txt', 'tiny==1.2\nother>=2\n')
  expect(await capture(['.venv/bin/python'])).toMatchObject({
    lock: { path: 'requirements.txt' },
    packages: [expect.any(String), 'tiny==1.2'],
  })
  put('requirements.txt', '# pinned\ntiny==1.2 \\\n  --hash=sha256:aa\nother[x]==2 ; python_version > "3"\n')
  expect(await capture(['.venv/bin/python'])).toMatchObject({ lock: { path: 'requirements.txt' }, packages: null })
})

test.each([
  [['uv.lock', 'poetry.lock', 'requirements.txt'], 'poetry run python x', 'poetry.lock'],
  [['uv.lock', 'requirements.txt'], 'python x', 'uv.lock'],
  [['pixi.lock', 'environment.yml'], 'python x', 'pixi.lock'],
  [['conda-lock.yml', 'environment.yml'], 'conda run -n x python x', 'conda-lock.yml'],
  [['environment.yml'], 'conda run -n x python x', 'environment.yml'],
  [['pylock.toml', 'pdm.lock'], 'pdm run x', 'pdm.lock'],
  [['requirements.txt', 'team/requirements.txt'], 'python team/a/train.py', 'team/requirements.txt'],
  [['uv.lock', 'other/uv.lock'], 'python team/a/train.py', 'uv.lock'],
])('of %j, %s goes by %s', async (files, command, expected) => {
  put('team/a/train.py', '')
  for (const file of files) put(file, file)
  expect((await capture(command.split(' '), { isElsewhere: true })).lock?.path).toBe(expected)
})

test('of another machine nothing of this one is recorded, and its image is', async () => {
  put('uv.lock', '')
  const image = 'python@sha256:0000'
  expect(await capture(['python', 'train.py'], { image, isElsewhere: true })).toEqual({
    os: null,
    cpu: null,
    memoryBytes: null,
    gpus: null,
    cuda: null,
    interpreter: null,
    packages: null,
    lock: { path: 'uv.lock', digest: expect.any(String) },
    image,
  })
})

test('what a machine is, is no part of what a training’s lock says', async () => {
  const found = { ...(await capture(['python', 'train.py'])), variables: {} }
  const other = { ...found, cpu: '64 × other', gpus: [{ name: 'A100', driver: '1', memoryBytes: 1 }], memoryBytes: 1 }
  expect(lockDigest(other)).toBe(lockDigest(found))
  expect(lockDigest({ ...found, packages: ['tiny==1.2', 'pip==24.0'] })).toBe(
    lockDigest({ ...found, packages: ['tiny==1.2'] }),
  )
  expect(lockDigest({ ...found, packages: ['tiny==1.3'] })).not.toBe(lockDigest({ ...found, packages: ['tiny==1.2'] }))
})

describe('GPUs', () => {
  test('are absent where nothing tells of them', async () => {
    const environment = { PATH: bin }
    expect(await thisMachine(askerIn(home, environment))).toMatchObject({
      gpus: null,
      cuda: null,
      os: expect.stringContaining('Linux'),
    })
  })

  test('are those that nvidia-smi lists, with driver and CUDA', async () => {
    const header = '| NVIDIA-SMI 550.54.15              Driver Version: 550.54.15      CUDA Version: 12.4     |'
    program('nvidia-smi', {
      '--query-gpu=name,driver_version,memory.total --format=csv,noheader,nounits':
        'NVIDIA A100-SXM4-40GB, 550.54.15, 40960\nNVIDIA A100-SXM4-40GB, 550.54.15, [N/A]',
      '': header,
    })
    const name = 'NVIDIA A100-SXM4-40GB'
    expect(await thisMachine(place().ask)).toMatchObject({
      cuda: '12.4',
      gpus: [
        { name, driver: '550.54.15', memoryBytes: 40960 * 1024 * 1024 },
        { name, driver: '550.54.15', memoryBytes: null },
      ],
    })
  })

  test.each(['Card series', 'Card Series'])('are those that rocm-smi lists (%s)', async (key) => {
    const card = { [key]: 'Instinct MI210', 'VRAM Total Memory (B)': '68702699520' }
    program('rocm-smi', {
      '--showproductname --showdriverversion --showmeminfo vram --json': JSON.stringify({
        card0: card,
        system: { 'Driver version': '6.7.0' },
      }),
    })
    expect(await thisMachine(place().ask)).toMatchObject({
      cuda: null,
      gpus: [{ name: 'Instinct MI210', driver: '6.7.0', memoryBytes: 68_702_699_520 }],
    })
  })

  test('are not known where the tool fails', async () => {
    program('nvidia-smi', {})
    expect(await thisMachine(place().ask)).toMatchObject({ gpus: null, cuda: null })
  })
})

test('seeds are known by their names, also inside of other parameters', () => {
  const params = { seed: 7, model: { random_state: 1, depth: 3 }, data_seed: '9', seedling: 2, torchSeed: 4, reseed: 5 }
  expect(seedsOf(params, { PYTHONHASHSEED: '0', PATH: '/bin' })).toEqual({
    seed: 7,
    'model.random_state': 1,
    data_seed: '9',
    torchSeed: 4,
    'env.PYTHONHASHSEED': '0',
  })
})
