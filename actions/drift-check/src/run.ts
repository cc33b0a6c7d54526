import type {
  ColumnDrift,
  Drift,
  Findings,
  Problem,
  Run,
  ServiceFigure,
  Settings,
  Status,
  Verdict,
} from '@headgate/core'
import { UserError, worst } from '@headgate/core'
import { number, percent, percentChange } from '@headgate/reports'
import { checkService } from '@headgate/service-health'
import { driftTests, isTestName } from '@headgate/statistics'
import { dataState, findSource, openTable } from '@headgate/tables'
import type { Compared } from './columns.ts'
import { compareColumns } from './columns.ts'
import { decideAndRecord } from './decision.ts'
import type { Ports } from './ports.ts'
import { describeReference, openReference } from './reference.ts'
import { columnsOf, type Side } from './side.ts'
import type { stage } from './stage.ts'
import { rangeOf, wantedRange, windowId } from './window.ts'

type DriftSettings = Settings<typeof stage>

/** Compares current data with the reference, judges the service, and decides whether to train again. */
export const run: Run<typeof stage, Ports> = async (settings, ports) => {
  refuseUnsupported(settings)
  const wanted = wantedRange(settings, ports.now())
  const reference = await openReference(settings.reference, ports)
  const current = await openCurrent(settings, reference, wanted, ports)
  const compared = await compareColumns(reference, current.table, settings)
  const service = await judgeService(settings, ports)
  const whole = judgeWhole(compared, settings.driftShare)
  const range = await rangeOf(current.table, settings, wanted)
  const id = windowId(range, current.digest)
  const { decision, version, history } = await decideAndRecord({ id, range, ...whole }, settings, ports)
  const { table, digest } = current
  const body: Drift = {
    reference: { ...describeReference(reference), digest: reference.digest, kind: reference.kind },
    current: { source: table.source.location, digest, rows: table.rows, kind: 'data', window: range },
    preset: settings.tests,
    columns: [...compared.columns],
    untested: [...compared.untested],
    ...whole,
    service,
    quality: null,
    version,
    decision,
    history,
  }
  return {
    verdict: verdictOf(body),
    summary: summaryOf(body, settings.driftShare),
    inputs: inputsOf(body),
    body,
  }
}

/** Every setting that this release cannot follow, at once. */
function refuseUnsupported({ tests, prometheusUrl }: DriftSettings): void {
  const problems: Problem[] = []
  if (tests === 'calibrated')
    problems.push({ what: '`tests: calibrated` is not in this release.', fix: 'Use `tests: evidently`.' })
  else if (tests !== 'evidently' && !isTestName(tests)) {
    const fix = `Use \`evidently\` or one of ${Object.keys(driftTests).join(', ')}.`
    problems.push({ what: `\`tests\`: there is no test ${JSON.stringify(tests)}.`, fix })
  }
  if (prometheusUrl !== undefined) {
    const fix = 'Name the service’s own metrics as `metrics-url`.'
    problems.push({ what: '`prometheus-url` is not in this release.', fix })
  }
  if (problems.length > 0) throw new UserError(problems)
}

async function openCurrent(
  settings: DriftSettings,
  reference: Side,
  window: ReturnType<typeof wantedRange>,
  ports: Ports,
): Promise<{ table: Awaited<ReturnType<typeof openTable>>; digest: string }> {
  const source = await findSource(settings.current, ports.workspace)
  // What was text stays text, even where all of today's values look like numbers.
  const texts = columnsOf(reference).filter(({ family }) => family === 'text')
  const types = Object.fromEntries(texts.map(({ name }) => [name, 'string' as const]))
  const table = await openTable(await ports.engine(), source, { types, window })
  return { table, digest: (await dataState(table)).digest }
}

async function judgeService(settings: DriftSettings, ports: Ports): Promise<ServiceFigure[]> {
  if (settings.metricsUrl === undefined) return []
  const { signal, now } = ports
  return checkService({ url: settings.metricsUrl, limits: settings.service, signal, now })
}

/** Share and word on the whole; `null` where undecided columns could turn it. */
function judgeWhole({ columns }: Compared, limit: number): Pick<Drift, 'share' | 'drifted'> {
  if (columns.length === 0) return { share: null, drifted: null }
  const drifted = columns.filter((column) => column.drifted === true).length
  const open = columns.filter((column) => column.drifted === null).length
  const share = open === 0 ? drifted / columns.length : null
  if (drifted / columns.length >= limit) return { share, drifted: true }
  return { share, drifted: (drifted + open) / columns.length < limit ? false : null }
}

function verdictOf({ columns, untested, service, drifted }: Drift): Verdict {
  const whole: Status = drifted === null ? 'inconclusive' : drifted ? 'fail' : 'pass'
  return worst([whole, ...[...columns, ...untested, ...service].map(({ status }) => status)])
}

function summaryOf({ columns, untested, service, decision, drifted }: Drift, limit: number): string {
  const found = columns.filter((column) => column.drifted === true)
  const count = `${found.length} of ${columns.length} columns drifted`
  const word = { true: 'reaches', false: 'stays below', null: 'may reach' }[`${drifted}`]
  const share =
    columns.length === 0 ? 'No column could be compared' : `${count}, which ${word} the limit of ${percent(limit, 0)}`
  const open = columns.filter((column) => column.drifted === null).length + untested.filter(isOpen).length
  const parts = [
    share + (found.length === 0 ? '' : ` (${found.slice(0, 3).map(shown).join(', ')}${found.length > 3 ? ', …' : ''})`),
    open === 0 ? '' : `${open} could not be judged`,
    missingWords([...columns, ...untested]),
    serviceWords(service),
    decision.retrain ? 'retraining is due' : decision.blockedBy.length > 0 ? 'a retraining is held back' : '',
  ]
  return `${parts.filter(Boolean).join('; ')}.`
}

function missingWords(all: readonly (ColumnDrift | Drift['untested'][number])[]): string {
  const jumps = all.filter(({ missingShare }) => missingShare?.jumped)
  if (jumps.length === 0) return ''
  const named = jumps
    .slice(0, 3)
    .map((one) => `${one.column} ${percentChange(one.missingShare?.reference, one.missingShare?.current)}`)
  const where = jumps.length === 1 ? '1 column' : `${jumps.length} columns`
  return `missing values jumped in ${where} (${named.join(', ')}${jumps.length > 3 ? ', …' : ''})`
}

function isOpen({ status }: { readonly status: Status }): boolean {
  return status === 'inconclusive'
}

function shown({ column, score }: Drift['columns'][number]): string {
  return score === null ? column : `${column} ${number(score)}`
}

function serviceWords(service: readonly ServiceFigure[]): string {
  const broken = service.filter(({ status }) => status === 'fail').map(({ name }) => name)
  if (broken.length > 0) return `the service is beyond its limit in ${broken.join(', ')}`
  return service.some(isOpen) ? 'the service could not be judged' : ''
}

function inputsOf({ reference, current }: Drift): Findings<typeof stage>['inputs'] {
  return [
    { path: reference.source, digest: reference.digest },
    { path: current.source, digest: current.digest },
  ]
}
