import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Interruption, UserError } from '@headgate/core'
import type { Log } from '@headgate/runners'
import { identifyProcess } from '@headgate/systems'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processExecutor } from '../../../actions/train/src/executors/process/executor.ts'
import { run } from '../../../actions/train/src/run.ts'
import type { TrackedRun } from '../../../actions/train/src/tracking/port.ts'
import { portsOf, settingsOf } from '../../../actions/train/test/project.ts'
import { describeSystem } from '../describe-system.ts'
import { type Papermill, prepare, start } from './start.ts'

interface Cell {
  readonly source: string
  readonly tags?: readonly string[]
  readonly type?: 'markdown'
}

const parameters = `rows = 1
given = None
data = ""
output = ""`

const leave = `
import json, os
os.makedirs(output + "/model", exist_ok=True)
json.dump(given, open(output + "/model/given.json", "w"))
open(output + "/predictions.csv", "w").write("id,score\\n1,0.5\\n")
`

/** A notebook of a parameters cell, a word on it, and these cells: the first is number 3. */
function notebookOf(sources: readonly string[], kernel = 'python3'): string {
  const cells: Cell[] = [
    { source: parameters, tags: ['parameters'] },
    { source: 'Trains.', type: 'markdown' },
    ...sources.map((source) => ({ source })),
  ]
  const written = cells.map(({ source, tags = [], type = 'code' }) => ({
    cell_type: type,
    metadata: { tags },
    source,
    ...(type === 'code' ? { outputs: [], execution_count: null } : {}),
  }))
  const metadata = { kernelspec: { name: kernel, display_name: kernel, language: 'python' } }
  return JSON.stringify({ cells: written, metadata, nbformat: 4, nbformat_minor: 4 })
}

describeSystem('papermill', await prepare(), () => {
  let papermill: Papermill
  let environment: Readonly<Record<string, string>>

  beforeAll(async () => {
    papermill = await start()
    environment = papermill.environment
  })
  afterAll(() => papermill?.stop())

  function projectOf(sources: readonly string[], kernel?: string): string {
    const root = mkdtempSync(join(papermill.folder, 'Zürich {x} '))
    mkdirSync(join(root, 'data'))
    writeFileSync(join(root, 'data/a.csv'), 'id\n1\n')
    writeFileSync(join(root, 'train.ipynb'), notebookOf(sources, kernel))
    const git = (...words: string[]) => execFileSync('git', words, { cwd: root })
    git('init', '-q')
    git('add', '.')
    git('-c', 'user.name=Ada', '-c', 'user.email=ada@localhost', 'commit', '-q', '-m', 'begin')
    return root
  }

  interface More {
    readonly settings?: Record<string, unknown>
    readonly ports?: Parameters<typeof portsOf>[2]
    readonly lines?: string[]
    /** Gets what is printed, as it comes. */
    readonly onLine?: (line: string) => void
  }

  function train(root: string, { settings = {}, ports = {}, lines = [], onLine }: More = {}): ReturnType<typeof run> {
    const quote: Log['quote'] = (_, work) =>
      work((line) => {
        lines.push(line)
        onLine?.(line)
      })
    const own = portsOf(root, lines)
    const given = settingsOf(root, { run: 'train.ipynb', data: 'data/a.csv', ...settings })
    return run(given, { ...own, log: { ...own.log, quote }, environment, ...ports })
  }

  const executed = (root: string, folder: string, ending = 'ipynb'): string =>
    readFileSync(join(root, '.headgate/m', folder, `notebook/executed.${ending}`), 'utf8')

  test('parameters arrive with their types, and `data` and `output` with the places of this run', async () => {
    const root = projectOf([`${leave}\nprint(ascii(given)); print(type(rows), data); print(open(data).read())`])
    const given = { list: [1, 2.5, null, true], text: 'it\'s "ü" \\n\n{x} $HOME', most: 9007199254740991, empty: {} }
    const lines: string[] = []
    renameSync(join(root, 'train.ipynb'), join(root, 'Été 1.ipynb'))
    // Without a home folder, as users of containers often are.
    const homeless = { ...environment, HOME: '/nonexistent' }
    const settings = { run: 'Été 1.ipynb', param: { given, rows: 7 } }
    const found = await train(root, { settings, lines, ports: { environment: homeless } })
    expect(found).toMatchObject({
      verdict: 'pass',
      body: { run: { command: ['python3', 'Été 1.ipynb'], exitCode: 0 } },
    })
    // As Python writes the same value.
    expect(lines).toContain(
      `{'list': [1, 2.5, None, True], 'text': 'it\\'s "\\xfc" \\\\n\\n{x} $HOME', 'most': 9007199254740991, 'empty': {}}`,
    )
    expect(lines).toContain(`<class 'int'> ${join(root, 'data/a.csv')}`)
    expect(JSON.parse(readFileSync(join(root, '.headgate/m/output/model/given.json'), 'utf8'))).toEqual(given)
    expect(found.body.artifacts.map(({ path }) => path)).toEqual([
      'model/given.json',
      'notebook/executed.html',
      'notebook/executed.ipynb',
      'predictions.csv',
    ])
    expect(found.body.environment).toMatchObject({
      interpreter: expect.stringMatching(/^Python 3/),
      packages: expect.arrayContaining([expect.stringMatching(/^papermill==/)]),
    })
  })

  test('several inputs are a list, and so is one where the notebook wants a list', async () => {
    const root = projectOf([`${leave}\nprint(data)`])
    writeFileSync(join(root, 'data/b.csv'), 'id\n2\n')
    const lines: string[] = []
    await train(root, { settings: { data: 'data/*.csv' }, lines })
    expect(lines).toContain(`['${join(root, 'data/a.csv')}', '${join(root, 'data/b.csv')}']`)
    const content = readFileSync(join(root, 'train.ipynb'), 'utf8')
    writeFileSync(join(root, 'train.ipynb'), content.replace('data = \\"\\"', 'data = []'))
    await train(root, { lines })
    expect(lines).toContain(`['${join(root, 'data/a.csv')}']`)
  })

  test('what a cell prints arrives while it runs, and in order', async () => {
    // The cell goes on only when what it printed has arrived.
    const wait = `import os, sys, time
print("first", "Ж")
print("second", file=sys.stderr)
while not os.path.exists("go"): time.sleep(0.05)
print("third")
rows + 41`
    const root = projectOf([wait, leave])
    const lines: string[] = []
    const onLine = (line: string): void => {
      if (line === 'first Ж') writeFileSync(join(root, 'go'), '')
    }
    expect(await train(root, { lines, onLine, settings: { timeout: '2m' } })).toMatchObject({ verdict: 'pass' })
    const shown = lines.filter((line) => /^(first|third|42|-- cell \d)/.test(line))
    expect(shown).toEqual(['-- cell 1', '-- cell 3', 'first Ж', 'third', '42', '-- cell 4'])
    expect(lines).toContain('second')
  })

  test('a notebook that was run again is not trained again; one whose code changed is', async () => {
    const root = projectOf([leave])
    await writeDocumentOf(root, await train(root))
    writeFileSync(join(root, 'train.ipynb'), executed(root, 'output'))
    expect(await train(root)).toMatchObject({ body: { cache: { hit: true } } })
    writeFileSync(join(root, 'train.ipynb'), notebookOf([`${leave}\n1`]))
    expect((await train(root)).body.cache).toMatchObject({ hit: false, reason: expect.stringContaining('the code') })
  })

  test('a failing cell is quoted, and its notebook kept beside the last good output', async () => {
    const root = projectOf([
      leave,
      'def check(rows):\n    assert rows < 100, "too many: ü"\n\ncheck(rows)',
      'print("never")',
    ])
    await train(root)
    const found = await train(root, { settings: { param: { rows: 100 } } })
    expect(found).toMatchObject({
      verdict: 'fail',
      exitCode: 2,
      summary:
        'Training failed: python3 train.ipynb ended with exit code 1. It stopped in cell 4, run as [4]: AssertionError: too many: ü',
    })
    const message = found.body.error?.message ?? ''
    expect(message).toContain('    check(rows)')
    expect(message).toMatch(/----> 2 {5}assert rows < 100[\s\S]*AssertionError: too many: ü$/)
    expect(message).not.toContain('\u001b')
    expect(found.body.artifacts.map(({ path }) => path)).toEqual(['notebook/executed.html', 'notebook/executed.ipynb'])
    expect(executed(root, 'failed')).toContain('too many')
    expect(existsSync(join(root, '.headgate/m/output/predictions.csv'))).toBe(true)
    await train(root, { settings: { param: { rows: 2 } } })
    expect(readdirSync(join(root, '.headgate/m')).sort()).toEqual(['output'])
  })

  test('the tracking server gets the executed notebook of a failed training', async () => {
    const logged: string[] = []
    const tracked: TrackedRun = {
      reference: { kind: 'mlflow', url: 'http://127.0.0.1/1', runId: '1' },
      variables: {},
      finish: async ({ output, artifacts, end }) => {
        for (const { path } of artifacts) logged.push(`${end} ${path} ${existsSync(join(output, path))}`)
        return []
      },
      end: async () => {},
      discard: async () => {},
    }
    const tracking = { secrets: [], open: async () => tracked, find: async () => undefined, close: async () => {} }
    await train(projectOf(['1 / 0']), { ports: { tracking } })
    expect(logged).toEqual(['failed notebook/executed.html true', 'failed notebook/executed.ipynb true'])
  })

  test('of a training that leaves no model the notebook is kept, too', async () => {
    const root = projectOf(['print("nothing")'])
    const found = await train(root)
    expect(found.body.error?.message).toContain('no model/')
    expect(executed(root, 'failed')).toContain('nothing')
  })

  test('a cancelled notebook leaves neither a kernel nor what the kernel started', async () => {
    const hang = `import os, subprocess, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print("pids", os.getpid(), child.pid, os.getppid())
while True: time.sleep(1)`
    const root = projectOf([hang])
    const controller = new AbortController()
    const pids: number[] = []
    const onLine = (line: string): void => {
      if (!line.startsWith('pids ')) return
      pids.push(...line.split(' ').slice(1).map(Number))
      controller.abort(new Interruption('SIGTERM'))
    }
    await expect(train(root, { onLine, ports: { signal: controller.signal } })).rejects.toThrow(
      'Interrupted by SIGTERM',
    )
    expect(pids).toHaveLength(3)
    expect(await Promise.all(pids.map(identifyProcess))).toEqual([undefined, undefined, undefined])
    expect(readdirSync(join(root, '.headgate/m'))).toEqual([])
  })

  test('when the kernel dies, it says in which cell', async () => {
    const lines: string[] = []
    const root = projectOf([leave, 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'print("never")'])
    const died = await train(root, { lines })
    expect(died.body.error?.message).toMatch(
      /exit code 1\. It stopped in cell 4(, run as \[4\])?\n\n {4}import os, signal/,
    )
    expect(lines.join('\n')).toMatch(/The kernel died/)
    expect(executed(root, 'failed')).toContain('os.kill')
  })

  test('when papermill is ended, as containers and clusters do, its kernel ends with what it started', async () => {
    const end = `import os, signal, subprocess, time
child = subprocess.Popen(["sleep", "600"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")
os.kill(os.getppid(), signal.SIGTERM)
time.sleep(600)`
    const root = projectOf([leave, end])
    const ended = await train(root)
    expect(ended.body.error?.message).toMatch(
      /was ended by SIGTERM from outside\. It stopped in cell 4(, run as \[4\])?\n/,
    )
    expect(executed(root, 'failed')).toContain('os.kill')
    const pids = readFileSync(join(root, 'pids'), 'utf8').split(' ').map(Number)
    expect(pids).toHaveLength(2)
    await expect.poll(() => Promise.all(pids.map(identifyProcess))).toEqual([undefined, undefined])
  })

  test('the memory of the kernel counts', async () => {
    const root = projectOf(['held = bytearray(400_000_000)\nimport time\ntime.sleep(600)'])
    const found = await train(root, { settings: { memory: '300MB' } })
    expect(found.body.error?.message).toMatch(/was ended above .*, its `memory`/)
  })

  test('what is missing is told before anything runs, all at once', async () => {
    const root = projectOf([leave], 'of-ada')
    const mistakes = train(root, { settings: { param: { rowz: 1 } } })
    await expect(mistakes).rejects.toBeInstanceOf(UserError)
    await expect(mistakes).rejects.toThrow(
      /does not define rowz\. Did you mean "rows"\?[\s\S]*the kernel of-ada that it names is not installed\. .*python3/,
    )
    const bare = join(papermill.folder, 'bare')
    execFileSync('python3', ['-m', 'venv', '--without-pip', bare], { env: { ...environment } })
    const python = join(bare, 'bin/python3')
    await expect(train(root, { settings: { run: [python, 'train.ipynb'] } })).rejects.toThrow(
      /papermill is not installed for .*bare\/bin\/python3\. .*pip install papermill/,
    )
    await expect(train(root, { settings: { run: ['no-such/python', 'train.ipynb'] } })).rejects.toThrow(
      /could not be started/,
    )
    expect(existsSync(join(root, '.headgate'))).toBe(false)
  })

  test('elsewhere, where nobody can look before, it says the same as its first words', async () => {
    const executor = { ...processExecutor(papermill.folder), name: 'docker' as const }
    const found = await train(projectOf([leave], 'of-ada'), { ports: { executor } })
    expect(found).toMatchObject({ verdict: 'fail', exitCode: 2 })
    expect(found.body.error?.message).toMatch(
      /train\.ipynb: the kernel of-ada that it names is not installed\. .*python3/,
    )
  })

  test('a kernel whose program is gone is told before anything runs', async () => {
    const spec = join(papermill.folder, 'jupyter/kernels/gone')
    mkdirSync(spec, { recursive: true })
    writeFileSync(
      join(spec, 'kernel.json'),
      JSON.stringify({ argv: ['/gone/python', '-m', 'x'], display_name: 'Gone', language: 'python' }),
    )
    const ports = { environment: { ...environment, JUPYTER_PATH: join(papermill.folder, 'jupyter') } }
    await expect(train(projectOf([leave], 'gone'), { ports })).rejects.toThrow(
      /the kernel gone starts \/gone\/python, which is not there/,
    )
  })

  test('secrets that a cell prints are neither in the log nor in the notebook that is kept', async () => {
    const root = projectOf([`${leave}\nprint("token", os.environ["TOKEN"])\nassert False, os.environ["TOKEN"]`])
    const lines: string[] = []
    const secret = 's3cr3t<&>w0rd'
    const found = await train(root, { lines, settings: { env: { TOKEN: secret } }, ports: { secrets: [secret] } })
    const all = [
      lines.join('\n'),
      executed(root, 'failed'),
      executed(root, 'failed', 'html'),
      JSON.stringify(found.body),
    ]
    for (const text of all) expect(text).not.toMatch(/s3cr3t|w0rd/)
    expect(lines).toContain('token ***')
  })

  test('without nbconvert it says that there is no page, and trains', async () => {
    const hidden = join(papermill.folder, 'hidden')
    mkdirSync(hidden)
    writeFileSync(join(hidden, 'sitecustomize.py'), 'import sys\nsys.modules["nbconvert"] = None\n')
    const root = projectOf([leave])
    const lines: string[] = []
    const found = await train(root, { lines, ports: { environment: { ...environment, PYTHONPATH: hidden } } })
    expect(found.verdict).toBe('pass')
    expect(lines).toContain('nbconvert is not installed: there is no HTML page of the notebook.')
    expect(found.body.artifacts.map(({ path }) => path)).not.toContain('notebook/executed.html')
  })

  const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

  test.skipIf(browser === undefined)('the page shows what was run, loads nothing and runs no script', async () => {
    const asked: string[] = []
    const server = createServer(({ url = '' }, answer) => {
      asked.push(url)
      answer.end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const place = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const html = `<p id=shown>shown</p><script>document.title = "ran"</script><script src=${place}/x.js></script><img src=${place}/x.png>`
    const root = projectOf([leave, `from IPython.display import HTML, display\ndisplay(HTML('${html}'))`])
    await train(root)
    const opened = await chromium.launch({ executablePath: browser ?? '', args: ['--no-sandbox'] })
    try {
      const page = await opened.newPage()
      await page.goto(`file://${encodeURI(join(root, '.headgate/m/output/notebook/executed.html'))}`)
      expect(await page.locator('#shown').textContent()).toBe('shown')
      expect(await page.title()).not.toBe('ran')
      expect(asked).toEqual([])
    } finally {
      await opened.close()
      server.close()
    }
  })
})

/** As the runner leaves it for the next training. */
async function writeDocumentOf(root: string, { body, ...found }: Awaited<ReturnType<typeof run>>): Promise<void> {
  const header = {
    schema: 'headgate/training@1',
    model: 'm',
    commit: '',
    createdAt: new Date().toISOString(),
    tool: 'headgate 0',
    runner: { kind: 'local', event: 'push', os: 'linux' },
    durationMs: 0,
  }
  const { exitCode: _, ...rest } = found
  writeFileSync(join(root, '.headgate/m/training.json'), JSON.stringify({ ...header, ...rest, ...body }))
}
