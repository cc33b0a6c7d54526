import type { Document, Reproduction } from '@headgate/core'

type Training = Document<'training'>
type Difference = Reproduction['differences'][number]

/** What is not as it was, but for data and results: code, settings, environment, machine. */
export function differencesOf(was: Training, is: Training): Difference[] {
  const facts = (training: Training): Readonly<Record<string, string | null>> => {
    const { code, environment, run } = training
    const gpus = environment.gpus?.map(({ name }) => name).join(', ') ?? null
    const drivers = [...new Set(environment.gpus?.flatMap(({ driver }) => driver ?? []))].join(', ') || null
    return {
      code: code.digest,
      command: run.command.join(' '),
      parameters: JSON.stringify(run.params),
      interpreter: environment.interpreter,
      [`lock (${(environment.lock ?? is.environment.lock)?.path ?? 'none'})`]: environment.lock?.digest ?? null,
      image: environment.image,
      'operating system': environment.os,
      CPU: environment.cpu,
      memory: environment.memoryBytes === null ? null : `${(environment.memoryBytes / 1e9).toFixed(1)} GB`,
      GPUs: gpus,
      'GPU driver': drivers,
      CUDA: environment.cuda,
    }
  }
  const [before, now] = [facts(was), facts(is)]
  const named = Object.keys({ ...before, ...now }).map((what) => ({
    what,
    was: before[what] ?? null,
    is: now[what] ?? null,
  }))
  return [...named.filter((one) => one.was !== one.is), ...dirt(was), ...variables(was, is), ...packages(was, is)]
}

function dirt({ code }: Training): Difference[] {
  if (code.dirty === null) return []
  return [{ what: 'uncommitted changes', was: code.dirty, is: 'not in the commit' }]
}

function variables(was: Training, is: Training): Difference[] {
  return changed(was.environment.variables, is.environment.variables)
    .filter(({ what }) => !what.startsWith('MLFLOW_'))
    .map((one) => ({ ...one, what: `variable ${one.what}` }))
}

const most = 50

/** By name, where both were frozen. */
function packages(was: Training, is: Training): Difference[] {
  const [before, now] = [was.environment.packages, is.environment.packages]
  if (before === null || now === null) return []
  const byName = (lines: readonly string[]) =>
    Object.fromEntries(
      lines.map((line) => {
        const [, name = line, version = ''] = /^(?:conda:)?([\w.-]+?)(?:==|-(?=\d))(.*)$/.exec(line) ?? []
        return [line.startsWith('conda:') ? `${name} (conda)` : name, version]
      }),
    )
  const all = changed(byName(before), byName(now)).map((one) => ({ ...one, what: `package ${one.what}` }))
  const rest = all.length - most
  return rest > 0 ? [...all.slice(0, most), { what: `${rest} more packages`, was: null, is: null }] : all
}

function changed(was: Readonly<Record<string, string>>, is: Readonly<Record<string, string>>): Difference[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
  return names
    .map((what) => ({ what, was: was[what] ?? null, is: is[what] ?? null }))
    .filter((one) => one.was !== one.is)
}

/** Every file that one of both left. */
export function artifactsOf(was: Training, is: Training): Reproduction['artifacts'] {
  const digests = ({ artifacts }: Training) => new Map(artifacts.map(({ path, digest }) => [path, digest]))
  const [before, now] = [digests(was), digests(is)]
  return [...new Set([...before.keys(), ...now.keys()])].sort().map((path) => ({
    path,
    was: before.get(path) ?? null,
    is: now.get(path) ?? null,
  }))
}
