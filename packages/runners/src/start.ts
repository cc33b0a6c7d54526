import { join } from 'node:path'
import { holdCommon } from '@headgate/base-branch'
import type {
  AnyStage,
  Document,
  ExitCode,
  Findings,
  Header,
  LogLevel,
  Report,
  Run,
  Settings,
  StageDocument,
  StageKind,
} from '@headgate/core'
import { documentSchema, exitCodes, isAccepted, kebab, release, schemaName } from '@headgate/core'
import { sweepPartials, writeAtomically, writeDocument } from '@headgate/files'
import { renderHtml, renderMarkdown } from '@headgate/reports'
import { loadSettings } from '@headgate/settings'
import { detectRunner } from './detect.ts'
import { tellFailure } from './failure.ts'
import { keptReports } from './kept.ts'
import { levelOf } from './levels.ts'
import { commonOutputs } from './outputs.ts'
import type { HandOverPlace, Runner, Wire } from './port.ts'
import { type Finish, finishWith, markBegun } from './post.ts'
import { settingsSource } from './source.ts'
import { withToken } from './token.ts'
import { refuseTracked } from './tracked.ts'

/** What came of a stage: the exit code, and what a command may print. */
export interface Outcome {
  readonly exitCode: ExitCode
  readonly document?: StageDocument | undefined
  readonly report?: Report | undefined
  /** Where the document was written. */
  readonly path?: string | undefined
}

/** Runs a stage where this process runs, or ends what its step left, and returns the exit code. */
export async function start<S extends AnyStage, Ports>(
  stage: S,
  run: Run<S, Ports>,
  wire: Wire<S, NoInfer<Ports>>,
  finish?: Finish<S, NoInfer<Ports>>,
): Promise<ExitCode> {
  const runner = await detectRunner()
  endOnBugs(runner)
  if (runner.kept !== undefined) return finish ? finishWith(stage, finish, wire, runner) : exitCodes.accepted
  markBegun(runner)
  return (await startWith(stage, run, wire, runner)).exitCode
}

/** What is thrown outside every awaited chain is a bug: told as one, and never taken for a verdict. */
export function endOnBugs(runner: Runner): void {
  const end = (thrown: unknown): never => process.exit(tellFailure(thrown, runner))
  process.once('uncaughtException', end)
  process.once('unhandledRejection', end)
}

/**
 * The one way through a stage: settings, ports, findings, document, report, outputs, summary, comment, exit code.
 * Never throws: what goes wrong is told, and becomes an exit code.
 */
export async function startWith<S extends AnyStage, Ports>(
  stage: S,
  run: Run<S, Ports>,
  wire: Wire<S, NoInfer<Ports>>,
  runner: Runner,
): Promise<Outcome> {
  const close: (() => Promise<void>)[] = []
  try {
    return await pass(stage, run, wire, runner, close)
  } catch (thrown) {
    const reason: unknown = runner.signal.aborted ? runner.signal.reason : thrown
    const exitCode = tellFailure(reason, runner)
    await runner.output({ 'exit-code': String(exitCode) }).catch(() => undefined)
    return { exitCode }
  } finally {
    for (const end of close) await end().catch((error: unknown) => runner.log.warning(String(error)))
  }
}

async function pass<S extends AnyStage, Ports>(
  stage: S,
  run: Run<S, Ports>,
  wire: Wire<S, NoInfer<Ports>>,
  given: Runner,
  close: (() => Promise<void>)[],
): Promise<Outcome> {
  const started = given.now()
  const own = await loadSettings(stage, settingsSource(given))
  const runner = levelled(given, own.logLevel)
  const settings = await heldSettings(stage, own, runner)
  const tokened = withToken(runner, settings)
  if (runner.context.commit !== '') await refuseTracked(runner.workspace, settings.workFolder)
  if (!settings.dryRun) await sweep(settings.workFolder, runner)
  const wired = await wire(settings, tokened)
  if (wired.close) close.push(wired.close)
  const place = { ...settings, openStore: wired.openStore ?? noStore }
  if (settings.handOver !== 'off') await restoreHandOver(runner, place)
  const findings = await run(settings, wired.ports)
  const document = stamp(stage, settings, findings, runner, started)
  const report = stage.report(document as never)
  const exitCode =
    findings.exitCode ?? (isAccepted(findings.verdict, settings.failOn) ? exitCodes.accepted : exitCodes.refused)
  if (settings.dryRun) return { exitCode, document, report }
  if (findings.isAside) {
    await runner.output({ verdict: document.verdict, summary: document.summary, 'exit-code': String(exitCode) })
    runner.log.info(document.summary)
    return { exitCode, document, report }
  }
  const path = await writeDocument(stage.document as StageKind, settings.workFolder, document as never)
  await tell(stage, { settings, runner, document, report, exitCode, path, announce: wired.announce })
  if (settings.handOver !== 'off') await (await runner.handOver())?.save(stage.name, place, settings.handOver)
  return { exitCode, document, report, path }
}

/** With the log at the level of the settings, where headgate.yml names another than the input. */
function levelled(runner: Runner, level: LogLevel): Runner {
  return level === levelOf(runner.input('log-level')) ? runner : { ...runner, log: runner.logAt(level) }
}

async function sweep(workFolder: string, { log }: Runner): Promise<void> {
  const swept = await sweepPartials(workFolder)
  if (swept === 0) return
  log.info(`Removed ${swept} ${swept === 1 ? 'file' : 'files'} that a killed run had left half written.`)
}

/** What the base branch of a pull request says of them holds, so that a change cannot turn its own red green. */
async function heldSettings<S extends AnyStage>(stage: S, own: Settings<S>, runner: Runner): Promise<Settings<S>> {
  const held = await holdCommon(stage, own, runner)
  const ref = runner.context.base?.ref
  if (held.failOn !== own.failOn)
    runner.log.notice(`\`fail-on\` is ${held.failOn}: ${ref} says so, and a pull request cannot weaken it.`)
  if (held.dryRun !== own.dryRun)
    runner.log.notice(`\`dry-run\` is ${held.dryRun}: ${ref} says so, and a pull request cannot change it.`)
  return { ...own, failOn: held.failOn, dryRun: held.dryRun }
}

async function restoreHandOver(runner: Runner, place: HandOverPlace): Promise<void> {
  const brought = await (await runner.handOver())?.restore(place)
  if (brought && brought.length > 0) runner.log.info(`Earlier jobs of this run handed over ${brought.length} files.`)
}

async function noStore(): Promise<never> {
  throw new Error('this stage opens no store')
}

function stamp<S extends AnyStage>(
  stage: S,
  settings: Settings<S>,
  findings: Findings<S>,
  runner: Runner,
  started: Date,
): StageDocument {
  const { verdict, summary, inputs, body } = findings
  const found = { verdict, summary, inputs, model: settings.model, commit: runner.context.commit }
  return stampDocument(stage.document as StageKind, { ...found, ...(body as object) }, runner, started)
}

/**
 * Completes a document by what it was made with, where and when, and holds it against its schema.
 * @throws Error where it does not match: that is a bug.
 */
export function stampDocument<K extends StageKind>(
  kind: K,
  found: Pick<Header, 'verdict' | 'summary' | 'inputs' | 'model' | 'commit'> & object,
  runner: Pick<Runner, 'context' | 'now'>,
  started: Date,
): Document<K> {
  const { run } = runner.context
  const stamped = {
    schema: schemaName(kind),
    createdAt: started.toISOString(),
    tool: `headgate ${release}`,
    runner: {
      kind: runner.context.runner,
      event: runner.context.event,
      ...(run ? { runId: run.id, runUrl: run.url } : {}),
      os: process.platform,
    },
    durationMs: Math.max(0, runner.now().getTime() - started.getTime()),
    ...found,
  }
  const checked = documentSchema(kind).safeParse(stamped)
  if (!checked.success) throw new Error(`the ${kind} document does not match its schema: ${checked.error.message}`)
  return checked.data
}

interface News<S extends AnyStage> {
  readonly settings: Settings<S>
  readonly runner: Runner
  readonly document: StageDocument
  readonly report: Report
  readonly exitCode: ExitCode
  readonly path: string
  readonly announce: Awaited<ReturnType<Wire<S, unknown>>>['announce']
}

async function tell<S extends AnyStage>(stage: S, news: News<S>): Promise<void> {
  const { settings, runner, document, report, exitCode, announce } = news
  const { reports } = await keptReports(settings.workFolder, document)
  const page = pageOf(settings, runner)
  const reportPath = join(settings.workFolder, 'report.html')
  await writeAtomically(reportPath, await renderHtml(reports, page))
  await runner.output(outputsOf(stage, document, { path: news.path, reportPath, exitCode }))
  runner.annotate(report.annotations)
  await runner.summarize(renderMarkdown([report], { ...page, budget: 900_000 }).text)
  if (announce && settings.comment) {
    const sentences = await announce({
      model: settings.model,
      key: 'report',
      verdict: report.verdict,
      accepted: exitCode === exitCodes.accepted,
      summary: report.summary,
      markdown: renderMarkdown(reports, page).text,
      annotations: report.annotations,
    })
    for (const sentence of sentences.filter(runner.isNews)) runner.log.info(sentence)
  }
  const logged = `${stage.name}: ${document.verdict}. ${document.summary}`
  if (exitCode === exitCodes.accepted) runner.log.info(logged)
  else runner.log.error(logged)
}

function pageOf<S extends AnyStage>(settings: Settings<S>, runner: Runner): Parameters<typeof renderHtml>[1] {
  const { commit, run } = runner.context
  const footer = [{ code: commit.slice(0, 9) || 'no commit' }, ` · headgate ${release}`]
  return {
    title: settings.model,
    footer: run?.url ? [...footer, ' · ', { link: { text: `run ${run.id}`, url: run.url } }] : footer,
  }
}

function outputsOf(
  stage: AnyStage,
  document: StageDocument,
  made: { path: string; reportPath: string; exitCode: ExitCode },
): Record<string, string> {
  const common = Object.entries(commonOutputs).map(
    ([key, output]) => [kebab(key), output.value(document, made)] as const,
  )
  const own = Object.entries(stage.outputs as Record<string, { value(document: StageDocument): string }>)
  return Object.fromEntries([...common, ...own.map(([key, output]) => [kebab(key), output.value(document)] as const)])
}
