// Every workflow that we run or that users copy is one that GitHub accepts, by GitHub's own parser.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const workflows = [
  ...globSync(['.github/workflows/*.yml', '{examples,workflows-templates}/*/.github/workflows/*.yml'], {
    cwd: root,
  }).map((path) => [path, readFileSync(join(root, path), 'utf8')] as const),
  ...globSync('README*.md', { cwd: root }).flatMap((path) => {
    const blocks = readFileSync(join(root, path), 'utf8').matchAll(/```yaml\n(name: .*?)```/gs)
    return [...blocks].map(([, block = '']) => [path, block] as const)
  }),
]

async function mistakesIn(name: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  if (value !== undefined) await convertWorkflowTemplate(context, value)
  return context.errors.getErrors().map(({ message }) => message)
}

test.each([
  ['a right that there is not', 'permissions: { deployment: write }', "Unexpected value 'deployment'"],
  ['a job that waits for itself', 'needs: one', 'at least one job with no dependencies'],
])('the parser tells of %s', async (_what, line, told) => {
  const job = `runs-on: ubuntu-latest\n    ${line}\n    steps: [{ run: "true" }]`
  expect(await mistakesIn('wrong.yml', `on: push\njobs:\n  one:\n    ${job}\n`)).toEqual([
    expect.stringContaining(told),
  ])
})

test.each(workflows)('%s', async (name, content) => {
  expect(await mistakesIn(name, content)).toEqual([])
})
