import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Papermill, prepare, start } from './start.ts'

const run = promisify(execFile)
const script = `# %% tags=["parameters"]
rows = 1

# %%
print(rows * 2)

# %%
assert rows < 100, "too many rows"
`

interface Notebook {
  readonly metadata: { readonly papermill: { readonly exception: boolean | null } }
  readonly cells: { readonly outputs?: { readonly text?: string[]; readonly ename?: string }[] }[]
}

describeSystem('papermill', await prepare(), () => {
  let papermill: Papermill

  beforeAll(async () => {
    papermill = await start()
    await writeFile(join(papermill.folder, 'train.py'), script)
    await call('jupytext', '--to', 'ipynb', '--set-kernel', 'python3', 'train.py')
  })
  afterAll(() => papermill?.stop())

  function call(command: string, ...words: string[]): Promise<unknown> {
    const { commands, folder, environment } = papermill
    return run(join(commands, command), words, { cwd: folder, env: environment })
  }

  async function read(name: string): Promise<Notebook> {
    return JSON.parse(await readFile(join(papermill.folder, name), 'utf8')) as Notebook
  }

  test('a notebook runs with a parameter, and becomes a page', async () => {
    await call('papermill', 'train.ipynb', 'done.ipynb', '-p', 'rows', '21')
    const { cells } = await read('done.ipynb')
    expect(cells.flatMap(({ outputs = [] }) => outputs.flatMap(({ text = [] }) => text))).toEqual(['42\n'])
    await call('jupyter-nbconvert', '--to', 'html', 'done.ipynb')
    expect(await readFile(join(papermill.folder, 'done.html'), 'utf8')).toContain('>42\n')
  })

  test('a cell that fails ends it, and the notebook up to there is kept', async () => {
    const ended = call('papermill', 'train.ipynb', 'failed.ipynb', '-p', 'rows', '100')
    await expect(ended).rejects.toMatchObject({ code: 1 })
    const { cells, metadata } = await read('failed.ipynb')
    expect(metadata.papermill.exception).toBe(true)
    expect(cells.flatMap(({ outputs = [] }) => outputs.flatMap(({ ename = [] }) => ename))).toContain('AssertionError')
  })
})
