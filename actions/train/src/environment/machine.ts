import { arch, cpus, release, totalmem, type } from 'node:os'
import type { Training } from '@headgate/core'
import { z } from 'zod'
import type { Ask } from './ask.ts'

type Environment = Training['environment']

/** A machine as far as trainings may differ by it. */
export type Machine = Pick<Environment, 'os' | 'cpu' | 'memoryBytes' | 'gpus' | 'cuda'>

/** A machine that is not this one: nothing of it is known here. */
export const otherMachine: Machine = { os: null, cpu: null, memoryBytes: null, gpus: null, cuda: null }

/** This machine, asked within bounded time. */
export async function thisMachine(ask: Ask): Promise<Machine> {
  const [nvidia, amd] = await Promise.all([nvidiaGpus(ask), amdGpus(ask)])
  const gpus = [...(nvidia?.gpus ?? []), ...(amd ?? [])]
  return {
    os: `${type()} ${release()} ${arch()}`,
    cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memoryBytes: memoryBytes(),
    gpus: gpus.length > 0 ? gpus : null,
    cuda: nvidia?.cuda ?? null,
  }
}

/** What processes may use: of the machine, or of the container that this is. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

type Gpus = NonNullable<Environment['gpus']>

/** By `nvidia-smi`, whose header names the newest CUDA that the driver serves. */
async function nvidiaGpus(ask: Ask): Promise<{ gpus: Gpus; cuda: string | null } | undefined> {
  const query = ['nvidia-smi', '--query-gpu=name,driver_version,memory.total', '--format=csv,noheader,nounits']
  const listed = await ask(query)
  if (listed === null) return undefined
  const gpus = listed.split('\n').flatMap((line) => {
    const [name = '', driver = '', mebibytes = ''] = line.split(',').map((part) => part.trim())
    const memory = Number.parseInt(mebibytes, 10)
    const found = { name, driver: known(driver), memoryBytes: Number.isNaN(memory) ? null : memory * 2 ** 20 }
    return name === '' ? [] : [found]
  })
  const header = await ask(['nvidia-smi'])
  return { gpus, cuda: /CUDA Version:\s*([\d.]+)/.exec(header ?? '')?.[1] ?? null }
}

/** `nvidia-smi` says `[N/A]` and `[Not Supported]` for what it does not know. */
function known(text: string): string | null {
  return text === '' || text.startsWith('[') ? null : text
}

const rocmSchema = z.record(z.string(), z.record(z.string(), z.unknown()))

/** By `rocm-smi`, whose keys are written one way or another by its versions. */
async function amdGpus(ask: Ask): Promise<Gpus | undefined> {
  const text = await ask(['rocm-smi', '--showproductname', '--showdriverversion', '--showmeminfo', 'vram', '--json'])
  const parsed = rocmSchema.safeParse(parseJson(text ?? ''))
  if (!parsed.success) return undefined
  const found = (card: Record<string, unknown>, ...names: string[]): string | undefined => {
    const entries = Object.entries(card).map(([key, value]) => [key.toLowerCase(), String(value)] as const)
    return names.flatMap((name) => entries.find(([key]) => key === name)?.[1] ?? []).at(0)
  }
  const driver = found(parsed.data.system ?? {}, 'driver version') ?? null
  const cards = Object.entries(parsed.data).filter(([name]) => name.startsWith('card'))
  return cards.map(([, card]) => {
    const bytes = Number(found(card, 'vram total memory (b)') ?? Number.NaN)
    const name = found(card, 'card series', 'device name', 'card model') ?? 'unknown'
    return { name, driver, memoryBytes: Number.isNaN(bytes) ? null : bytes }
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
