import { expect, test } from 'vitest'
import { lintNotebook, lintRules } from './lint.ts'

type Rule = (typeof lintRules)[number]

interface Given {
  readonly type?: string
  readonly source?: string
  readonly tags?: string[]
  readonly outputs?: unknown[]
  readonly count?: number | null
}

/** As Jupyter wrote it before cells had ids: one line of source on each line of the file. */
function notebookOf(cells: readonly Given[]): string {
  const all = cells.map(({ type = 'code', source = '', tags = [], outputs = [], count = null }) => ({
    cell_type: type,
    metadata: { tags },
    ...(type === 'code' ? { outputs, execution_count: count } : {}),
    source: source.split(/(?<=\n)/),
  }))
  return `${JSON.stringify({ cells: all, metadata: {}, nbformat: 4, nbformat_minor: 4 }, null, 1)}\n`
}

test('a path that a variable begins is none of another machine, in R as in Python', () => {
  const lintR = (source: string): string[] => {
    const notebook = JSON.parse(notebookOf([parameters, { source }])) as { metadata: unknown }
    notebook.metadata = { kernelspec: { name: 'ir', display_name: 'R', language: 'R' } }
    return lint(JSON.stringify(notebook), 'paths')
  }
  expect(lintR('saveRDS(m, paste0(output, "/data/m.rds"))')).toEqual([])
  expect(lintR('x <- 1\nm <- readRDS("/data/m.rds")')).toEqual(['paths 2:2 has an absolute path: `/data/m.rds`.'])
})

// Put together here, so that no scanner takes this file for a leak.
const made = {
  aws: `AKIA${'ABCDEFGH23456723'}`,
  github: `ghp_${'a1B2'.repeat(9)}`,
  gitlab: `glpat-${'a1B2'.repeat(5)}`,
  face: `hf_${'aBcD'.repeat(9)}`,
  key: `-----BEGIN RSA ${'PRIVATE KEY'}-----`,
  jwt: `eyJ${'hbGciOiJI'}x.eyJ${'zdWIiOiIx'}x.${'abcDEF12345'}`,
}

function lint(content: string, ...rules: Rule[]): string[] {
  const found = lintNotebook(content, new Set(rules.length > 0 ? rules : lintRules))
  return found.map(({ rule, cell, line, what }) => `${rule} ${cell}:${line} ${what}`)
}

const parameters: Given = { source: 'rows = 1', tags: ['parameters'] }

test('a clean notebook has no finding, and one of prose needs no parameters', () => {
  expect(lint(notebookOf([parameters, { source: 'print(rows)', count: 1 }, { source: 'rows', count: 2 }]))).toEqual([])
  expect(lint(notebookOf([{ type: 'markdown', source: '# Notes' }]))).toEqual([])
})

test('what is left of a run is told by its cell, and a missing parameters cell by the notebook', () => {
  const content = notebookOf([
    { type: 'markdown', source: 'x' },
    { source: 'y', count: 3, outputs: [{ output_type: 'stream', name: 'stdout', text: 'y' }] },
    { source: 'z', count: 2 },
    { source: 'z', tags: ['injected-parameters'] },
  ])
  expect(lint(content)).toEqual([
    'parameters null:null has no cell tagged `parameters`, so nothing can be set from outside.',
    'outputs 2:null holds 1 output of a run.',
    'order 3:null was run as [2], and stands after one that was run as [3].',
    'outputs 4:null holds the parameters that papermill put in for one run.',
  ])
  expect(lint(content, 'order')).toHaveLength(1)
})

test('lines of megabytes are read to their end', () => {
  const hostile = ['ab-', '-eyJ', 'a://:', 'token="x y '].map((part) => part.repeat(300_000 / part.length)).join('\n')
  const printed = { output_type: 'stream', name: 'stdout', text: `${hostile}\n${made.github}` }
  expect(lint(notebookOf([{ outputs: [printed] }]), 'secrets')).toEqual([
    'secrets 1:null shows a token of GitHub in its output.',
  ])
})

test('the line of the file is found past quotes and brackets in strings, and a key that is empty', () => {
  const tricky = notebookOf([{ source: 'x = {"\\\\": "]}"}\n', tags: ['parameters', ''] }, { source: '"C:/x"' }])
  const content = tricky.replace('"metadata": {},', '"metadata": {"": {"": [1, "}"]}},')
  const [finding] = lintNotebook(content, new Set(['paths']))
  expect(content.split('\n')[(finding?.fileLine ?? 0) - 1]).toContain('C:/x')
})

test('what is no notebook is one finding, whatever else is in it', () => {
  expect(lint('{"cells": []')).toEqual([expect.stringMatching(/^format null:null is not JSON: /)])
  expect(lint('{"cells": []', 'outputs')).toEqual([])
})

test('a finding names the line of the file, where the file has it', () => {
  const content = notebookOf([parameters, { source: 'a = 1\nb = "/home/ada/x.csv"\n' }])
  const [finding] = lintNotebook(content, new Set(lintRules))
  expect(finding).toMatchObject({ cell: 2, line: 2 })
  expect(content.split('\n')[(finding?.fileLine ?? 0) - 1]).toContain('/home/ada/x.csv')
  const oneLine = JSON.stringify(JSON.parse(content))
  expect(lintNotebook(oneLine, new Set(lintRules))[0]).toMatchObject({ cell: 2, line: 2, fileLine: 1 })
})

test.each([
  ['"/home/ada/train.csv"', 'somebody’s home'],
  ['open("~/data.csv")', 'somebody’s home'],
  ["'/Users/ada'", 'somebody’s home'],
  ['"/mnt/shared/rows"', 'an absolute path'],
  ['"/datasets/2024/train.parquet"', 'an absolute path'],
  ['f"/scratch/{user}/x"', 'an absolute path'],
  ['r"C:\\Users\\ada\\x.csv"', 'a Windows machine'],
  ['"D:/data/x.csv"', 'a Windows machine'],
  ['"\\\\\\\\server\\\\share\\\\x.csv"', 'a Windows machine'],
  ['r"\\\\server\\share\\x.csv"', 'a Windows machine'],
  ['%cd /home/ada/project', 'somebody’s home'],
  ['!cp x.csv --to=/mnt/shared/x', 'an absolute path'],
])('an absolute path: %s', (source, kind) => {
  const found = lint(notebookOf([parameters, { source: `a = 1\n${source}` }]), 'paths')
  expect(found).toEqual([expect.stringMatching(new RegExp(`^paths 2:2 has .*${kind}`))])
})

test.each([
  '"data/train.csv"',
  '"../data/train.csv"',
  '"https://example.com/home/x.csv"',
  '"s3://bucket/home/x"',
  '"/api/v1/predict"',
  '"/"',
  'a / b / c',
  '# /home/ada/x.csv',
  '"""Reads\n/home is a folder"""',
  '"%d/%m"',
  '"~"*3',
  '"/dev/null"',
  'open(output + "/model/model.json")',
  'print("\\n\\nx")',
  '"\\\\w\\\\s"',
  '"\\\\alpha\\\\beta"',
  'r"\\alpha\\beta"',
  'open(output +\n  "/tmp/model.json")',
  'f"{output}/data/x.csv"',
  '!pip install -r requirements.txt',
])('no absolute path: %s', (source) => {
  expect(lint(notebookOf([parameters, { source }]), 'paths')).toEqual([])
})

test.each([
  [`os.environ["K"] = "${made.aws}"`, 'AWS', made.aws],
  [`g = Github('${made.github}')`, 'GitHub', made.github],
  [`# ${made.gitlab}`, 'GitLab', made.gitlab],
  [`login("${made.face}")`, 'Hugging Face', made.face],
  [`k = """${made.key}`, 'a private key', made.key],
  [`h = {"Authorization": "Bearer ${made.jwt}"}`, 'JSON Web Token', made.jwt],
  ['url = "postgresql://ada:s3cr3t-w0rd@db/x"', 'a password in a URL', 's3cr3t-w0rd'],
  ['!git clone https://ada:s3cr3tw0rd@example.com/x', 'a password in a URL', 's3cr3tw0rd'],
  ['password = "s3cr3t-w0rd"', 'a password or token', 's3cr3t-w0rd'],
  ['connect(password="<yours>", token="s3cr3t-w0rd")', 'a password or token', 's3cr3t-w0rd'],
  ["connect(db_password='s3cr3t-w0rd')", 'a password or token', 's3cr3t-w0rd'],
  ['{"api_key": "0123456789abcdef"}', 'a password or token', '0123456789abcdef'],
  ['API_TOKEN: str = "0123456789abcdef"', 'a password or token', '0123456789abcdef'],
])('a secret is found and never repeated: %#', (source, kind, secret) => {
  const content = notebookOf([parameters, { source: `a = 1\n${source}` }])
  const findings = lintNotebook(content, new Set(['secrets']))
  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatchObject({ cell: 2, line: 2, what: expect.stringContaining(kind) })
  expect(JSON.stringify(findings)).not.toContain(secret)
})

test('a secret that a run printed is found in the outputs, also in prose', () => {
  const printed = { output_type: 'stream', name: 'stdout', text: [`token ${made.github}\n`] }
  const shown = {
    output_type: 'display_data',
    metadata: {},
    data: { 'application/json': { url: 'https://a:s3cr3tw0rd@b/c' } },
  }
  const content = notebookOf([parameters, { outputs: [printed, shown] }, { type: 'markdown', source: made.aws }])
  expect(lint(content, 'secrets')).toEqual([
    'secrets 2:null shows a token of GitHub in its output.',
    'secrets 2:null shows a password in a URL in its output.',
    'secrets 3:1 holds an access key of AWS.',
  ])
})

test.each([
  'password = os.environ["DB_PASSWORD"]',
  'password = ""',
  'password = "${env:DB_PASSWORD}"',
  'token = "<your token>"',
  'name = "db/production"',
  'url = f"postgresql://{user}:{password}@db/x"',
  'url = "postgresql://user:password@db/x"',
  'url = "https://example.com:8080/a@b"',
  'tokens = ["a", "b"]',
  'token_file = "./run/secrets/x"',
  'api_key = getpass("key: ")',
  'PASSWORD_VARIABLE = "DB_PASSWORD"',
  'max_tokens = 100',
])('no secret: %s', (source) => {
  expect(lint(notebookOf([parameters, { source }]), 'secrets')).toEqual([])
})
