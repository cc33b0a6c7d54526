import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseNotebook } from '@headgate/notebooks'
import { expect, test } from 'vitest'
import { notebookCommand } from './command.ts'
import { cellText, keepFailed, readExecuted } from './executed.ts'
import { readTrainingNotebook } from './notebook.ts'

const python = { kernelspec: { name: 'python3', language: 'python' } }

function notebookOf(sources: readonly string[], metadata: unknown = python, outputs: unknown[] = []): string {
  const cells = sources.map((source, index) => ({
    cell_type: 'code',
    metadata: index === 0 ? { tags: ['parameters'] } : {},
    source,
    outputs: index === sources.length - 1 ? outputs : [],
    execution_count: null,
  }))
  return JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 })
}

function read(content: string | undefined, more: Partial<Parameters<typeof readTrainingNotebook>[1]> = {}) {
  const workspace = mkdtempSync(join(tmpdir(), 'notebook-'))
  if (content !== undefined) writeFileSync(join(workspace, 'train.ipynb'), content)
  const request = { workspace, executor: 'docker', environment: {}, params: {}, inputs: 1, ...more } as const
  return readTrainingNotebook({ launcher: ['python3'], path: 'train.ipynb' }, request)
}

test('a notebook alone, or after a Python, is run by papermill; other commands stay as they are', () => {
  const [python3] = notebookCommand(['a/train.ipynb'])?.launcher ?? []
  expect(python3).toMatch(/^python3?$/)
  expect(notebookCommand(['uv', 'run', '.venv/bin/python3.12', 'a b.ipynb'])).toEqual({
    launcher: ['uv', 'run', '.venv/bin/python3.12'],
    path: 'a b.ipynb',
  })
  expect(notebookCommand(['papermill', 'a.ipynb', 'b.ipynb'])).toBeUndefined()
  expect(notebookCommand(['jupyter', 'nbconvert', '--execute', 'a.ipynb'])).toBeUndefined()
  expect(notebookCommand(['python', 'train.py'])).toBeUndefined()
})

test('what it is trained with is known before: command, kernel, and whether `data` is a list', async () => {
  const words = async (content: string, inputs: number) => (await read(content, { inputs })).argv.slice(-3)
  expect(await words(notebookOf(['data = ""']), 1)).toEqual(['train.ipynb', 'python3', 'text'])
  expect(await words(notebookOf(['data = ""']), 2)).toEqual(['train.ipynb', 'python3', 'list'])
  expect(await words(notebookOf(['data = ["a"]']), 1)).toEqual(['train.ipynb', 'python3', 'list'])
  expect((await read(notebookOf(['x = 1']))).command).toEqual(['python3', 'train.ipynb'])
})

test('all mistakes are told at once, with the name that is near', async () => {
  const params = { rowz: 1, other: 2, rows: 3, output: 4 }
  await expect(read(notebookOf(['rows = 1'], {}), { params })).rejects.toMatchObject({
    problems: [
      { where: { file: 'train.ipynb' }, what: 'names no kernel.' },
      { what: '`param`: output is given by Headgate.' },
      { what: expect.stringMatching(/cell 1.*does not define rowz/), fix: 'Did you mean "rows"?' },
      { what: expect.stringMatching(/does not define other/), fix: expect.stringContaining('it defines rows') },
    ],
  })
})

test.each([
  [undefined, /there is no notebook train\.ipynb/],
  ['{"cells": ', /is not JSON/],
  ['{"nbformat": 3}', /nbformat 3/],
  [notebookOf(['x = 1']).replace('parameters', 'other'), /no cell tagged `parameters`/],
])('what cannot be run is refused: %#', async (content, why) => {
  await expect(read(content)).rejects.toThrow(why)
})

test('no notebook is run from outside of the work tree, nor as an application of Spark', async () => {
  const request = { workspace: '/tmp', executor: 'docker', environment: {}, params: {}, inputs: 1 } as const
  const command = { launcher: ['python3'], path: '../train.ipynb' }
  await expect(readTrainingNotebook(command, request)).rejects.toThrow(/in the work tree/)
  await expect(read(notebookOf(['x = 1']), { executor: 'spark' })).rejects.toThrow(/no Spark application/)
})

test('parameters of a language that is not read are not judged', async () => {
  const metadata = { kernelspec: { name: '.net-csharp', language: 'C#' } }
  expect(await read(notebookOf(['int rows = 1;'], metadata), { params: { rowz: 1 } })).toBeDefined()
})

test('secrets are hidden in the executed notebook and in its page, as both write them', async () => {
  const output = mkdtempSync(join(tmpdir(), 'notebook-'))
  mkdirSync(join(output, 'notebook'))
  const secret = 's3cr3t"<&>w0rd'
  const shown = [{ output_type: 'stream', name: 'stdout', text: `token ${secret}` }]
  writeFileSync(join(output, 'notebook/executed.ipynb'), notebookOf(['x'], python, shown))
  writeFileSync(join(output, 'notebook/executed.html'), '<pre>token s3cr3t"&lt;&amp;&gt;w0rd</pre>')
  await readExecuted(output, await read(notebookOf(['x'])), [secret])
  const texts = ['ipynb', 'html'].map((ending) => readFileSync(join(output, `notebook/executed.${ending}`), 'utf8'))
  for (const text of texts) expect(text).toMatch(/token \*\*\*/)
  expect(texts.join()).not.toMatch(/s3cr3t|w0rd/)
  expect(parseNotebook(texts[0] ?? '')).toHaveProperty('cells')
})

test('the notebook of a failed training is kept apart from the output, with nothing of an earlier one', async () => {
  const work = mkdtempSync(join(tmpdir(), 'notebook-'))
  mkdirSync(join(work, 'failed/older'), { recursive: true })
  mkdirSync(join(work, 'tmp/notebook'), { recursive: true })
  writeFileSync(join(work, 'tmp/notebook/executed.ipynb'), '{}')
  const kept = await keepFailed(work, join(work, 'tmp'))
  expect(kept.map(({ path, bytes }) => [path, bytes])).toEqual([['notebook/executed.ipynb', 2]])
  expect(readdirSync(join(work, 'failed'))).toEqual(['notebook'])
  expect(await keepFailed(work, join(work, 'none'))).toEqual([])
  expect(readdirSync(work)).toEqual(['tmp'])
})

test('of a long cell the lines around the failing one are quoted', () => {
  const source = Array.from({ length: 40 }, (_, index) => `line${index + 1}`).join('\n')
  const traceback = ['KeyError  Traceback', 'Cell In[7], line 30', '---> 30 line30', "KeyError: 'x'"]
  const text = cellText({ number: 5, executionCount: 7, source, error: "KeyError: 'x'", traceback })
  expect(text.split('\n')[0]).toBe("It stopped in cell 5, run as [7]: KeyError: 'x'")
  expect(text).toContain('    …\n    line23\n')
  expect(text).toContain('    line37\n    …\n')
  expect(text.endsWith(traceback.join('\n'))).toBe(true)
  const long = { number: 1, executionCount: null, source: '', error: `E: ${'x'.repeat(500)}\nmore`, traceback: [] }
  expect(cellText(long)).toMatch(/^It stopped in cell 1: E: x{200,300}…\n/)
})
