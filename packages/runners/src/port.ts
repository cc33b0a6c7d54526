import type {
  Annotation,
  Announce,
  AnyStage,
  Context,
  Digest,
  File,
  LogLevel,
  Settings,
  StageName,
} from '@headgate/core'

/** What is told on the way; full sentences, never on stdout. */
export interface Log {
  debug(message: string): void
  info(message: string): void
  notice(message: string): void
  warning(message: string): void
  error(message: string): void
  /** Puts what `work` logs under one foldable title, where the runner can fold. */
  group<T>(title: string, work: () => Promise<T>): Promise<T>
  /**
   * Shows what a user's code prints, line by line and as it is, under one foldable title. The runner obeys none of it,
   * nor anything else that is told meanwhile.
   */
  quote<T>(title: string, work: (show: (line: string) => void) => Promise<T>): Promise<T>
}

/** How what a stage leaves travels: whole, or with the content of its folders in the store. */
export type HandOverWay = 'artifact' | 'store'

/** Where a parcel comes from or goes to. */
export interface HandOverPlace {
  readonly model: string
  readonly workFolder: string
  /** @throws UserError when no store can be used here. */
  openStore(): Promise<ContentStore>
}

/** What of a store is needed to hand content over; stores know forges, which runners do not. */
export interface ContentStore {
  readonly kind: string
  readonly location: string
  /** Whether writing makes something in the repository that a pull request must not make. */
  readonly writesRepository?: boolean
  put(place: StoredPlace, files: readonly (File & { readonly source: string })[]): Promise<void>
  fetch(place: StoredPlace, files: readonly File[], into: string): Promise<void>
}

interface StoredPlace {
  readonly name: string
  readonly digest: Digest
}

/** Carries the work folder's documents from job to job of one run. */
export interface HandOver {
  /**
   * Fetches what earlier jobs of this run left, in place of what another run left in the work folder; once for each
   * model. Returns the files it brought.
   */
  restore(place: HandOverPlace): Promise<readonly string[]>
  /** Leaves what a stage made for later jobs. */
  save(stage: StageName, place: HandOverPlace, by: HandOverWay): Promise<void>
}

/** The CI's cache. A failed save is never an error, and nothing that matters lives only here. */
export interface Cache {
  restore(key: string, paths: readonly string[]): Promise<boolean>
  save(key: string, paths: readonly string[]): Promise<void>
}

/** Where a stage runs. A stage sees it only through the ports that `wire` makes of it. */
export interface Runner {
  readonly context: Context
  /** At the level that the input names: the settings, which may name another, are yet to be read. */
  readonly log: Log
  /** The same log, which tells nothing below `level`. */
  logAt(level: LogLevel): Log
  /** Whether a sentence has not been told in this run yet: several stages of one run find the same. */
  isNews(sentence: string): boolean
  /** Absolute path of the work tree. */
  readonly workspace: string
  /** Absolute path of a folder that goes away with the job. */
  readonly temporary: string
  /** Absolute path of a folder for pinned downloads that later jobs may find again. */
  readonly tools: string
  /** The environment for a user's code: without the runner's own variables, tokens and command files. */
  readonly environment: Readonly<Record<string, string>>
  /** The runner's own environment, for connection settings. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Aborted with an `Interruption` when the CI cancels the job. */
  readonly signal: AbortSignal
  readonly now: () => Date
  /** A setting given as input or flag, by its kebab-case name; empty means absent. */
  input(name: string): string | undefined
  mask(secret: string): void
  annotate(annotations: readonly Annotation[]): void
  /** Appends Markdown to the job's summary, where the runner has one. */
  summarize(markdown: string): Promise<void>
  /** Keeps a text for the post step, in place of an earlier one of this name; lost where there is no post step. */
  keep(name: string, text: string): void
  /** What the step kept, in its post step; `undefined` in the step itself. */
  readonly kept: Readonly<Record<string, string>> | undefined
  /** Sets outputs by their kebab-case names. */
  output(values: Readonly<Record<string, string>>): Promise<void>
  /** The artifact client, loaded only when asked for; `undefined` where there is none. */
  handOver(): Promise<HandOver | undefined>
  /** The cache client, loaded only when asked for; `undefined` where there is none. */
  cache(): Promise<Cache | undefined>
}

/** Chooses the adapters for these settings. `announce` is whom it tells afterwards. */
export type Wire<S extends AnyStage, Ports> = (
  settings: Settings<S>,
  runner: Runner,
) => Wired<Ports> | Promise<Wired<Ports>>

export interface Wired<Ports> {
  readonly ports: Ports
  readonly announce?: Announce | undefined
  /** Opens the store that the settings name, to hand over what is too large for an artifact. */
  readonly openStore?: (() => Promise<ContentStore>) | undefined
  /** Ends what the ports hold open. */
  readonly close?: (() => Promise<void>) | undefined
}
