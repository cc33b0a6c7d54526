import type { Digest } from '@headgate/core'
import type { git } from '@headgate/systems'
import type { Resource } from '@headgate/systems/http'
import type { Executor } from '../executors/port.ts'
import type { Input } from '../inputs.ts'
import type { Ports } from '../ports.ts'

/** An input, and where it is. */
export interface Source {
  readonly input: Input
  /** Absolute path of where it lies, or comes to lie. */
  readonly path: string
  /** As the user gave it; `undefined` for what belongs in the work tree. */
  readonly url?: string | undefined
  /** Absolute path of what Git has in its place: a `.dvc` file. */
  readonly standIn?: string | undefined
  /** What is to be done to have it at `path`; absent where it is there. */
  readonly absent?: Absent | undefined
}

/** What is not here yet. `bytes` is `undefined` where nobody tells before it is read. */
export type Absent =
  | { readonly kind: 'dvc'; readonly bytes: number | undefined; readonly md5: string; readonly repository: string }
  | { readonly kind: 'lfs'; readonly bytes: number; readonly pointers: readonly Pointer[] }
  | {
      readonly kind: 'download'
      readonly bytes: number | undefined
      readonly parts: readonly Part[]
      readonly folder: string
    }

interface Pointer {
  /** Absolute. */
  readonly path: string
  readonly digest: Digest
}

/** One file to download, in the state that its server told. */
export interface Part {
  readonly resource: Resource
  readonly bytes: number | undefined
  readonly etag: string | undefined
  /** Where it comes to lie in the folder of the whole. */
  readonly name: string
}

/** Where data is looked for, and brought to. */
export interface DataPlace {
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of the folder for what is downloaded. */
  readonly downloads: string
  /** The variables that hold credentials, and that `dvc` gets. */
  readonly variables: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly gitToken: git.GitToken | undefined
  readonly executor: Pick<Executor, 'name' | 'reads'>
  /** Bytes that are brought here at most. */
  readonly fetchLimit: number
  readonly log: Ports['log']
  readonly signal: AbortSignal
  /** Milliseconds before a server is asked again. */
  readonly firstDelayMs?: number | undefined
}
