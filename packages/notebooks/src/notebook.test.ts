import { expect, test } from 'vitest'
import { codeDigest } from './digest.ts'
import { failedCell } from './failed.ts'
import { type Notebook, parseNotebook } from './notebook.ts'
import { assignmentsOf } from './parameters.ts'

interface Given {
  readonly type?: string
  readonly source?: string | string[]
  readonly tags?: string[]
  readonly outputs?: unknown[]
  readonly count?: number | null
  readonly id?: string
  readonly papermill?: unknown
}

function notebookOf(cells: readonly Given[], metadata: unknown = { kernelspec: { name: 'python3' } }): string {
  const all = cells.map(({ type = 'code', source = '', tags, outputs = [], count = null, id = 'a', papermill }) => ({
    cell_type: type,
    id,
    metadata: { ...(tags ? { tags } : {}), ...(papermill ? { papermill } : {}) },
    source,
    ...(type === 'code' ? { outputs, execution_count: count } : {}),
  }))
  return JSON.stringify({ cells: all, metadata, nbformat: 4, nbformat_minor: 5 })
}

function read(content: string): Notebook {
  const notebook = parseNotebook(content)
  if ('problems' in notebook) throw new Error(JSON.stringify(notebook.problems))
  return notebook
}

test.each([
  ['{"cells": [', /^is not JSON: /],
  ['<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n', /a merge conflict is left in it/],
  ['{"nbformat": 3, "worksheets": []}', /is of nbformat 3, and has to be of nbformat 4/],
  ['[]', /is not a notebook of nbformat 4/],
  ['{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}', /cell 1\.source/],
])('what is no notebook is told why: %s', (content, why) => {
  const notebook = parseNotebook(content)
  expect('problems' in notebook ? notebook.problems.map(({ what }) => what).join('\n') : notebook).toMatch(why)
})

test('NaN and Infinity, as Python writes them into outputs, are read; in text they stay', () => {
  const content = notebookOf([
    { source: 'x = [NaN, "Infinity"]', outputs: [{ output_type: 'display_data', data: { j: 0 } }] },
  ])
  const written = content.replace('"j":0', '"j":[NaN, -Infinity, "NaN"]')
  expect(() => JSON.parse(written)).toThrow()
  expect(read(written).cells[0]).toMatchObject({
    source: 'x = [NaN, "Infinity"]',
    outputs: [{ text: '[null,null,"NaN"]' }],
  })
  expect(codeDigest(written)).toBe(codeDigest(content))
  expect(parseNotebook(`${written}"NaN`)).toHaveProperty('problems')
})

test('an output that is nested without end is a mistake of the notebook', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const shown = { output_type: 'display_data', metadata: {}, data: { 'application/json': 'deep' } }
  const content = notebookOf([{ source: 'x', outputs: [shown] }]).replace('"deep"', deep)
  expect(parseNotebook(content)).toMatchObject({ problems: [{ what: expect.stringContaining('nested too deeply') }] })
})

test('texts come joined, and the kernel and language are those that it names', () => {
  const metadata = { kernelspec: { name: 'ir', language: 'R', display_name: 'R' } }
  const stream = { output_type: 'stream', name: 'stdout', text: ['1\n', '2\n'] }
  const notebook = read(notebookOf([{ source: ['a <- 1\n', 'b'], outputs: [stream] }], metadata))
  expect(notebook).toMatchObject({ kernel: 'ir', language: 'r' })
  expect(notebook.cells[0]).toMatchObject({ number: 1, source: 'a <- 1\nb', outputs: [{ text: '1\n2\n' }] })
  expect(read(notebookOf([], {}))).toMatchObject({ kernel: null, language: 'python' })
})

test('the digest is of what the notebook does: neither a run nor prose changes it, and code and tags do', () => {
  const source = notebookOf([
    { source: 'x = 1', tags: ['parameters'] },
    { type: 'markdown', source: 'why' },
    { source: 'x' },
  ])
  const ran = notebookOf(
    [
      { source: ['x = ', '1'], tags: ['parameters'], count: 7, id: 'b', papermill: { start_time: 'now' } },
      { source: 'x = 2', tags: ['injected-parameters'], count: 8 },
      { type: 'markdown', source: 'why not' },
      { source: 'x', count: 9, outputs: [{ output_type: 'execute_result', data: { 'text/plain': '1' } }] },
    ],
    { kernelspec: { name: 'python3', display_name: 'Python 3' }, language_info: { name: 'python', version: '3.12' } },
  )
  expect(codeDigest(ran)).toBe(codeDigest(source))
  const changed = [
    notebookOf([{ source: 'x = 1', tags: ['parameters'] }, { source: 'x + 1' }]),
    notebookOf([{ source: 'x = 1' }, { source: 'x' }]),
    notebookOf([{ source: 'x = 1\nx', tags: ['parameters'] }]),
    notebookOf([{ source: 'x = 1', tags: ['parameters'] }, { source: 'x' }], { kernelspec: { name: 'other' } }),
  ].map(codeDigest)
  expect(new Set([codeDigest(source), ...changed]).size).toBe(5)
  expect(codeDigest('no notebook')).toBeUndefined()
})

test.each([
  ['x = 1', 'x'],
  ['x: int = 1  # of rows', 'x'],
  ['x: dict[str, int] = {"a": 1, "b = 2": 3}', 'x'],
  ['a = b = 1; c = 2', 'a b c'],
  ['a, (b, *c) = 1, (2, 3)', 'a b c'],
  ['a, *b = 1, 2', 'a b'],
  ['x = f(y=1, z=2)', 'x'],
  ['größe = 1\n_x1 = 2', 'größe _x1'],
  ['text = """\ny = 1\n"""\nz = \'it\\\'s = 1\'', 'text z'],
  ['x = [\n1,\ny == 2]', 'x'],
  ['x = 1 \\\n + 2', 'x'],
  ['x == 1\nx += 1\nx >= 1\nx: int\nd["k"] = 1\nd.k = 1', ''],
  ['# x = 1\n%matplotlib inline\n!pip install y=1\nz = f"{a=}"', 'z'],
  ['def f(a=1):\n    b = 2\nif (n := 3): pass\nfor i in []: j = 1', ''],
  ['x = "open\ny = 2', 'x y'],
])('the names that a Python cell defines: %j', (source, names) => {
  expect(
    assignmentsOf(source, 'python')
      ?.map(({ name }) => name)
      .join(' '),
  ).toBe(names)
})

test.each([
  ['r', 'rows <- 1\nfile.name = "a"\nf(x == 1)', 'rows file.name'],
  ['scala', 'val rows: Int = 1\nvar x = 2', 'rows x'],
  ['julia', 'const n = 1\nx::Int = 2\ny == 3', 'n x'],
])('the names that a cell of %s defines', (language, source, names) => {
  expect(
    assignmentsOf(source, language)
      ?.map(({ name }) => name)
      .join(' '),
  ).toBe(names)
})

test('the names of a language that is not read are unknown, and not none', () => {
  expect(assignmentsOf('int rows = 1;', 'c#')).toBeUndefined()
})

test('a default that is a list is known from one that is text', () => {
  expect(assignmentsOf('data = ["a"]\nother = "[]"\nmore: list = []', 'python')).toEqual([
    { name: 'data', isList: true },
    { name: 'other', isList: false },
    { name: 'more', isList: true },
  ])
})

const boom = {
  output_type: 'error',
  ename: 'KeyError',
  evalue: "'x'",
  traceback: ['\u001b[0;31mKeyError\u001b[0m', 'last'],
}
const source = read(
  notebookOf([{ tags: ['parameters'] }, { type: 'markdown' }, { source: 'd["x"]' }, { source: 'after' }]),
)

test('the failing cell is numbered as in the source, and its traceback has no colours', () => {
  const executed = notebookOf([
    { type: 'markdown', tags: ['papermill-error-cell-tag'] },
    { tags: ['parameters'], count: 1 },
    { tags: ['injected-parameters'], count: 2 },
    { type: 'markdown' },
    { type: 'markdown', tags: ['papermill-error-cell-tag'] },
    { source: 'd["x"]', count: 3, outputs: [boom], papermill: { start_time: 'now', exception: true } },
    { source: 'after', papermill: { start_time: null } },
  ])
  expect(failedCell(read(executed), source)).toEqual({
    number: 3,
    executionCount: 3,
    source: 'd["x"]',
    error: "KeyError: 'x'",
    traceback: ['KeyError', 'last'],
  })
})

test('parameters that an earlier run left are counted, for they stand in the source', () => {
  const left = read(notebookOf([{ tags: ['injected-parameters'] }, { source: 'd["x"]' }]))
  const executed = read(notebookOf([{ tags: ['injected-parameters'] }, { source: 'd["x"]', outputs: [boom] }]))
  expect(failedCell(executed, left)?.number).toBe(2)
})

test('without an error it is the cell that was begun last, and an exit with 0 is no error', () => {
  const exit = { output_type: 'error', ename: 'SystemExit', evalue: '0', traceback: [] }
  const begun = { start_time: 'now' }
  const executed = notebookOf([
    { tags: ['parameters'], papermill: begun },
    { type: 'markdown', papermill: begun },
    { source: 'exit()', outputs: [exit], papermill: begun },
    { source: 'after' },
  ])
  expect(failedCell(read(executed), source)).toMatchObject({ number: 3, source: 'exit()', error: null })
  expect(failedCell(read(notebookOf([{}])), source)).toBeUndefined()
})
