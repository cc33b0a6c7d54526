import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { nearest, type Problem, type Report, UserError } from '@headgate/core'
import { writeAtomically } from '@headgate/files'
import { type Finding, type LintRule, lintNotebook, lintRules } from '@headgate/notebooks'
import { inertLines, renderMarkdown } from '@headgate/reports'
import { git } from '@headgate/systems'
import type { Command } from '../command.ts'
import { jsonText } from '../json.ts'
import { runnerWith } from './stage.ts'

/** A finding in a file; paths are relative to the work tree where they lie in it. */
interface Located extends Finding {
  readonly file: string
}

export const command: Command = {
  promise: 'Finds in notebooks what does not belong into Git.',
  flags: [
    {
      name: 'ignore',
      type: 'string',
      several: true,
      description: `Rules to leave out, of: ${lintRules.join(', ')}.`,
    },
  ],
  arguments: '[PATH …]',
  positionals: Number.POSITIVE_INFINITY,
  run: async ({ values, positionals, stdout }) => {
    const rules = rulesWithout(values.get('ignore'))
    const runner = await runnerWith(values)
    const folder = process.cwd()
    const paths = await notebooksOf(folder, positionals)
    const findings: Located[] = []
    for (const path of paths) {
      const file = relative(runner.workspace, resolve(folder, path)).split(sep).join('/')
      const content = await readFile(resolve(folder, path), 'utf8')
      findings.push(...lintNotebook(content, rules).map((finding) => ({ file, ...finding })))
    }
    const summary = summaryOf(findings, paths.length)
    const report = reportOf(findings, summary)
    const json = jsonText({ summary, notebooks: paths.length, findings })
    const format = values.get('format') ?? 'text'
    const markdown = `${renderMarkdown([report], { title: 'Notebooks', footer: '' }).text}\n`
    stdout.write(format === 'json' ? json : format === 'markdown' ? markdown : textOf(findings, summary))
    const copy = values.get('output')
    if (copy !== undefined) await writeAtomically(resolve(folder, copy), json)
    runner.annotate(report.annotations)
    if (findings.length > 0) await runner.summarize(markdown)
    return findings.length === 0 ? 0 : 1
  },
}

function rulesWithout(given: string | undefined): ReadonlySet<LintRule> {
  const ignored = given?.split(/[\n,]/).map((name) => name.trim()) ?? []
  const isRule = (name: string): name is LintRule => lintRules.some((rule) => rule === name)
  const problems = ignored.filter((name) => !isRule(name)).map(unknownRule)
  if (problems.length > 0) throw new UserError(problems)
  return new Set(lintRules.filter((rule) => !ignored.includes(rule)))
}

function unknownRule(name: string): Problem {
  const near = nearest(name, lintRules)
  const fix = near ? `Did you mean "${near}"?` : `Say some of: ${lintRules.join(', ')}.`
  return { what: `--ignore: there is no rule "${name}".`, fix }
}

/** The notebooks that the words name, or those that Git tracks. */
async function notebooksOf(folder: string, words: readonly string[]): Promise<string[]> {
  const problems: Problem[] = []
  const found = words.length === 0 ? await tracked(folder) : []
  for (const word of words) {
    const kind = await stat(resolve(folder, word)).catch(() => undefined)
    if (kind === undefined) problems.push({ what: `there is no file or folder ${word}.` })
    found.push(...(kind?.isDirectory() ? await notebooksBelow(folder, word) : [word]))
  }
  if (problems.length > 0) throw new UserError(problems)
  return [...new Set(found)]
}

/** Without those that are deleted in the work tree. */
async function tracked(folder: string): Promise<string[]> {
  const files = await git.trackedFiles(folder, ['*.ipynb'])
  const kinds = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)))
  return files.filter((_, index) => kinds[index]?.isFile())
}

const skipped = new Set(['node_modules', '.git', '.venv', '.ipynb_checkpoints', '.headgate'])

async function notebooksBelow(folder: string, path: string): Promise<string[]> {
  const entries = await readdir(resolve(folder, path), { withFileTypes: true })
  const found = await Promise.all(
    entries.map((entry) => {
      const inner = join(path, entry.name)
      if (entry.isDirectory() && !skipped.has(entry.name)) return notebooksBelow(folder, inner)
      return entry.isFile() && entry.name.endsWith('.ipynb') ? [inner] : []
    }),
  )
  return found.flat().sort()
}

function summaryOf(findings: readonly Located[], count: number): string {
  const plural = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
  if (count === 0) return 'There is no notebook.'
  const files = new Set(findings.map(({ file }) => file)).size
  return findings.length === 0
    ? `${plural(count, 'notebook')}, nothing found.`
    : `${plural(findings.length, 'finding')} in ${files} of ${plural(count, 'notebook')}.`
}

function textOf(findings: readonly Located[], summary: string): string {
  const lines = findings.map(
    (finding) =>
      `${finding.file}:${finding.fileLine}: ${placeIn(finding)}${finding.what} ${finding.fix} [${finding.rule}]`,
  )
  return [...lines, summary].map((line) => `${inertLines(line).join(' ')}\n`).join('')
}

/** `cell 3, line 2: ` */
function placeIn({ cell, line }: Finding): string {
  if (cell === null) return ''
  return `cell ${cell}${line === null ? '' : `, line ${line}`}: `
}

function reportOf(findings: readonly Located[], summary: string): Report {
  return {
    title: 'Notebooks',
    verdict: findings.length === 0 ? 'pass' : 'fail',
    summary,
    sections: [],
    annotations: findings.map((finding) => ({
      level: 'error',
      title: `Notebook: ${finding.rule}`,
      message: `${placeIn(finding)}${finding.what} ${finding.fix}`,
      where: { file: finding.file, line: finding.fileLine },
    })),
  }
}
