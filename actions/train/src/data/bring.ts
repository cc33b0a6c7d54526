import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Digest } from '@headgate/core'
import { OutsideError } from '@headgate/core'
import { digestFile } from '@headgate/files'
import { counted } from '@headgate/reports'
import { git } from '@headgate/systems'
import { md5Of, pull } from '@headgate/systems/dvc'
import { byteText, openAllowance, tooMuch } from './allowance.ts'
import { fetchDownload, findDownloaded } from './downloads.ts'
import type { Absent, DataPlace, Source } from './source.ts'

type Kind = Absent['kind']
type Missing<K extends Kind> = Source & { readonly absent: Extract<Absent, { kind: K }> }

/**
 * Brings what is not here, and checks it: nothing when it is more than `fetch-limit` by what is known before. Executors
 * that read URLs get those as they are.
 * @returns the sources as they are now, with the digest of the content of what was downloaded.
 * @throws UserError above the limit, and for what only the user can mend; OutsideError for what did not come.
 */
export async function bringData(sources: readonly Source[], place: DataPlace): Promise<Source[]> {
  const wanted = place.executor.reads === 'urls' ? sources.filter(({ url }) => url === undefined) : sources
  const contents = new Map<string, Digest>()
  const missing: Source[] = []
  for (const source of wanted) {
    const content = source.absent?.kind === 'download' ? await findDownloaded(source, source.absent) : undefined
    if (content !== undefined) contents.set(source.path, content)
    else if (source.absent !== undefined) missing.push(source)
  }
  refuseTooMuch(missing, place)
  await pullDvc(ofKind(missing, 'dvc'), place)
  await pullPointers(ofKind(missing, 'lfs'), place)
  const allowance = openAllowance(place)
  allowance.spend(knownBytes([...ofKind(missing, 'dvc'), ...ofKind(missing, 'lfs')]))
  for (const source of ofKind(missing, 'download')) {
    place.log.info(`Downloads ${source.input.path}${sizeText(source.absent.bytes)}.`)
    contents.set(source.path, await fetchDownload(source, source.absent, allowance, place))
  }
  return sources.map((source) => {
    const content = contents.get(source.path)
    const { absent, ...rest } = source
    const isHere = absent === undefined || wanted.includes(source)
    return { ...(isHere ? rest : source), ...(content ? { input: { ...source.input, content } } : {}) }
  })
}

function ofKind<K extends Kind>(sources: readonly Source[], kind: K): Missing<K>[] {
  return sources.filter((source): source is Missing<K> => source.absent?.kind === kind)
}

function knownBytes(sources: readonly Source[]): number {
  return sources.reduce((sum, { absent }) => sum + (absent?.bytes ?? 0), 0)
}

function refuseTooMuch(missing: readonly Source[], place: DataPlace): void {
  const bytes = knownBytes(missing)
  if (bytes <= place.fetchLimit) return
  const largest = [...missing].sort((a, b) => (b.absent?.bytes ?? 0) - (a.absent?.bytes ?? 0)).slice(0, 3)
  const named = largest.map(({ input, absent }) => `${input.path}${sizeText(absent?.bytes)}`).join(', ')
  throw tooMuch(place, `Not here are ${byteText(bytes)}: ${named}${missing.length > 3 ? ', …' : ''}.`)
}

function sizeText(bytes: number | undefined): string {
  return bytes === undefined ? '' : ` (${byteText(bytes)})`
}

async function pullDvc(sources: readonly Missing<'dvc'>[], place: DataPlace): Promise<void> {
  const { variables: environment, secrets, signal, log } = place
  for (const [folder, own] of Map.groupBy(sources, ({ absent }) => absent.repository)) {
    log.info(`Pulls ${counted(own.length, 'input')} by DVC${sizeText(knownBytes(own))}.`)
    const paths = own.map(({ path }) => path)
    await pull({ folder, environment, secrets, signal, onLine: (line) => log.debug(line) }, paths)
    for (const { path, absent } of own) await checkPulled(path, absent.md5)
  }
}

async function checkPulled(path: string, md5: string): Promise<void> {
  const found = await md5Of(path)
  if (found === md5) return
  throw new OutsideError({
    tried: `Pulled ${path} by DVC.`,
    state: `It is ${found === undefined ? 'not there' : `other than recorded: ${found}, not ${md5}`}. Nothing was trained.`,
    next: 'Check it with `dvc status --cloud`; what `.dvcignore` leaves out must not lie in it.',
  })
}

async function pullPointers(sources: readonly Missing<'lfs'>[], place: DataPlace): Promise<void> {
  const pointers = sources.flatMap(({ absent }) => absent.pointers)
  if (pointers.length === 0) return
  place.log.info(`Pulls ${counted(pointers.length, 'file')} by Git LFS${sizeText(knownBytes(sources))}.`)
  await git.pullLfs(
    place.workspace,
    pointers.map(({ path }) => path),
    place.gitToken,
  )
  for (const { path, digest } of pointers) {
    const found = (await stat(path).catch(() => undefined)) && (await digestFile(path)).digest
    if (found === digest) continue
    throw new OutsideError({
      tried: `Pulled ${relative(place.workspace, path)} by Git LFS.`,
      state: 'What is there is not what its pointer says. Nothing was trained.',
      next: 'Check that the server of Git LFS has it (`git lfs fetch`), and that `lfs.fetchexclude` does not leave it out.',
    })
  }
}
