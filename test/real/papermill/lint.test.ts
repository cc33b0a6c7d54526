import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { assignmentsOf, lintNotebook } from '@headgate/notebooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeSystem } from '../describe-system.ts'
import { type Papermill, prepare, start } from './start.ts'

/** What is set at a place, or taken away. */
interface Change {
  readonly name: string
  readonly at?: readonly (string | number)[]
  readonly value?: unknown
}

const stream = { output_type: 'stream', name: 'stdout', text: ['1\n'] }
const shown = { output_type: 'display_data', metadata: {}, data: { 'text/plain': 'x', 'application/json': { a: [1] } } }
const result = { ...shown, output_type: 'execute_result', execution_count: 1 }
const failure = { output_type: 'error', ename: 'E', evalue: '', traceback: [] }

/** A notebook that uses all of its format, in 4.5 and as it was before. */
function notebookOf(minor: number): unknown {
  const id = (name: string) => (minor >= 5 ? { id: name } : {})
  return {
    nbformat: 4,
    nbformat_minor: minor,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3' }, language_info: { name: 'python' } },
    cells: [
      {
        cell_type: 'code',
        ...id('a'),
        metadata: { tags: ['parameters'], collapsed: true, scrolled: 'auto', other: 1 },
        source: ['x = 1\n', 'y = 2'],
        outputs: [stream, shown, result, failure],
        execution_count: 1,
      },
      {
        cell_type: 'markdown',
        ...id('b'),
        metadata: {},
        source: 'x',
        attachments: { 'a.png': { 'image/png': 'eA==' } },
      },
      { cell_type: 'raw', ...id('c'), metadata: { format: 'text/html' }, source: '' },
    ],
  }
}

const changes: readonly Change[] = [
  { name: 'nothing' },
  { name: 'no id', at: ['cells', 1, 'id'] },
  { name: 'an id', at: ['cells', 1, 'id'], value: 'own' },
  { name: 'an id with a space', at: ['cells', 1, 'id'], value: 'a b' },
  { name: 'a long id', at: ['cells', 1, 'id'], value: 'a'.repeat(65) },
  { name: 'no outputs', at: ['cells', 0, 'outputs'] },
  { name: 'no execution count', at: ['cells', 0, 'execution_count'] },
  { name: 'a negative count', at: ['cells', 0, 'execution_count'], value: -1 },
  { name: 'a count of text', at: ['cells', 0, 'execution_count'], value: '1' },
  { name: 'outputs of prose', at: ['cells', 1, 'outputs'], value: [] },
  { name: 'no metadata of a cell', at: ['cells', 0, 'metadata'] },
  { name: 'no source', at: ['cells', 0, 'source'] },
  { name: 'a number in the source', at: ['cells', 0, 'source'], value: [1] },
  { name: 'an unknown cell', at: ['cells', 0, 'cell_type'], value: 'heading' },
  { name: 'an unknown key of a cell', at: ['cells', 0, 'level'], value: 1 },
  { name: 'an unknown key of metadata', at: ['cells', 0, 'metadata', 'level'], value: 1 },
  { name: 'a tag with a comma', at: ['cells', 0, 'metadata', 'tags'], value: ['a,b'] },
  { name: 'a tag twice', at: ['cells', 0, 'metadata', 'tags'], value: ['a', 'a'] },
  { name: 'an empty name', at: ['cells', 0, 'metadata', 'name'], value: '' },
  { name: 'collapsed by a word', at: ['cells', 0, 'metadata', 'collapsed'], value: 'yes' },
  { name: 'scrolled by a word', at: ['cells', 0, 'metadata', 'scrolled'], value: 'yes' },
  { name: 'an unknown output', at: ['cells', 0, 'outputs', 0, 'output_type'], value: 'pyout' },
  { name: 'a stream without a name', at: ['cells', 0, 'outputs', 0, 'name'] },
  { name: 'a stream without text', at: ['cells', 0, 'outputs', 0, 'text'] },
  { name: 'a picture without metadata', at: ['cells', 0, 'outputs', 1, 'metadata'] },
  { name: 'a number as text', at: ['cells', 0, 'outputs', 1, 'data', 'text/plain'], value: 1 },
  { name: 'JSON of a vendor', at: ['cells', 0, 'outputs', 1, 'data', 'application/vnd.x+json'], value: [1] },
  { name: 'a result without a count', at: ['cells', 0, 'outputs', 2, 'execution_count'] },
  { name: 'an error without a traceback', at: ['cells', 0, 'outputs', 3, 'traceback'] },
  { name: 'an unknown key of an output', at: ['cells', 0, 'outputs', 3, 'level'], value: 1 },
  { name: 'an attachment that is no bundle', at: ['cells', 1, 'attachments'], value: { a: 'x' } },
  { name: 'a kernel without a title', at: ['metadata', 'kernelspec', 'display_name'] },
  { name: 'a language without a name', at: ['metadata', 'language_info'], value: {} },
  { name: 'an unknown key', at: ['level'], value: 1 },
  { name: 'no metadata', at: ['metadata'] },
  { name: 'no minor version', at: ['nbformat_minor'] },
  { name: 'cells that are none', at: ['cells'], value: {} },
]

function changed(minor: number, { at = [], value }: Change): unknown {
  const notebook = structuredClone(notebookOf(minor))
  const last = at.at(-1)
  if (last === undefined) return notebook
  const parent = at.slice(0, -1).reduce((node, key) => (node as Record<string, unknown>)[key], notebook)
  // What is undefined is not written.
  ;(parent as Record<string, unknown>)[last] = value
  return notebook
}

const sources = [
  'a = 1\nb: int = 2\nc: int\nd += 1',
  'a, (b, *c), [d] = 1, (2, 3), [4]\ne = f = g = 1; h = 2',
  'x = """\ny = 1\n"""; z = r"\\\\"\nw = f"{x=}"',
  'if True:\n    a = 1\nfor b in []: c = 1\nd = [\n  e == 1,\n]',
  'x = (1 +\n  2)  # y = 3\nx.y = 1\nx[0] = 2\nlambda_ = lambda q=1: q',
  'a = 1 if b == 2 else 3\nc = d <= e\n(f) = 1\nassert a == 1, "g = 1"',
  'größe = 1\n名 = 2\n_ = 3\nx = \\\n  4',
  'a = {"b": 1,\n  "c = 2": 3}\nd = r"\\n" \'e\' "f"\n# g = 1',
  'def f(a=1):\n    b = 2\nclass C:\n    c = 1\nwith open("d") as e: pass\ng = (h := 1)',
]

const oracle = `
import ast, json, sys, warnings
from nbformat.validator import isvalid
warnings.simplefilter("ignore")
given = json.load(sys.stdin)
def names(target):
    if isinstance(target, ast.Name): yield target.id
    if isinstance(target, ast.Starred): yield from names(target.value)
    for part in getattr(target, "elts", []): yield from names(part)
def assigned(source):
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            for target in node.targets: yield from names(target)
        if isinstance(node, ast.AnnAssign) and node.value is not None: yield from names(node.target)
json.dump({
    "valid": [isvalid(json.loads(text)) for text in given["notebooks"]],
    "assigned": [sorted(set(assigned(source))) for source in given["sources"]],
}, sys.stdout)
`

describeSystem('nbformat', await prepare(), () => {
  let papermill: Papermill
  let answer: { readonly valid: boolean[]; readonly assigned: string[][] }
  const minors = [4, 5]
  const notebooks = minors.flatMap((minor) =>
    changes.map((change) => ({ name: `4.${minor}: ${change.name}`, text: JSON.stringify(changed(minor, change)) })),
  )

  beforeAll(async () => {
    papermill = await start()
    const input = JSON.stringify({ notebooks: notebooks.map(({ text }) => text), sources })
    const environment = { ...papermill.environment }
    answer = JSON.parse(
      execFileSync(join(papermill.commands, 'python'), ['-c', oracle], { input, env: environment, encoding: 'utf8' }),
    ) as typeof answer
  })
  afterAll(() => papermill?.stop())

  test('the lint takes for notebooks what nbformat takes for them', () => {
    const judged = notebooks.map(({ name, text }) => [name, lintNotebook(text, new Set(['format'])).length === 0])
    expect(judged).toEqual(notebooks.map(({ name }, index) => [name, answer.valid[index]]))
    expect(new Set(answer.valid)).toEqual(new Set([true, false]))
  })

  test('a parameters cell defines what Python says it assigns', () => {
    const found = sources.map((source) => (assignmentsOf(source, 'python') ?? []).map(({ name }) => name).sort())
    expect(found).toEqual(answer.assigned)
  })
})
