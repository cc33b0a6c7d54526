import { z } from 'zod'
import type { Document, DocumentKind, Header } from './document.ts'
import { bodies } from './document.ts'
import { logLevels } from './log-level.ts'
import type { StageName } from './names.ts'
import type { Report } from './report.ts'
import type { FailOn, Verdict } from './verdict.ts'
import { failOns } from './verdict.ts'

declare module 'zod' {
  interface GlobalMeta {
    /** Shown in the README, in help and in editors. */
    example?: unknown
    /** How several values are written in one flag or input. */
    list?: 'lines' | 'comma'
    /** Only in `headgate.yml`: too rich for a flag. */
    fileOnly?: boolean
    /** In `headgate.yml` only at the model's level: stages that read it must agree. */
    modelLevel?: boolean
    /** Never printed. */
    secret?: boolean
    /** Differs from run to run, and is left out of comparisons. */
    volatile?: boolean
    /** Said in place of the schema's default, where the default is worked out. */
    defaultText?: string
  }
}

/** A value for later jobs, drawn from the document. */
export interface Output<D> {
  readonly description: string
  readonly example: string
  readonly value: (document: D) => string
}

/** The settings that every stage has. */
export const commonSettings = z.object({
  config: z.string().default('headgate.yml').meta({ description: 'The settings file.' }),
  model: z.string().optional().meta({
    description: 'Which model of `headgate.yml` this is.',
    defaultText: 'the only model there',
    example: 'flight-delays',
  }),
  workFolder: z.string().optional().meta({
    description: 'Where documents are read and written.',
    defaultText: '`.headgate/<model>`',
  }),
  failOn: z
    .enum(failOns)
    .optional()
    .meta({ description: 'From which verdict on the step fails; each includes those before it.' }),
  dryRun: z
    .boolean()
    .default(false)
    .meta({ description: 'Print tags, refs, uploads and traffic moves; write nothing.' }),
  logLevel: z.enum(logLevels).default('info').meta({ description: 'How much is told on the way.' }),
  comment: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether the pull request gets a comment, and the commit a check.' }),
  handOver: z.enum(['artifact', 'store', 'off']).default('artifact').meta({
    description:
      'How documents reach later jobs of the same run; `store`, or more than 1 GB: the content of folders goes to the store.',
  }),
  token: z.string().optional().meta({ description: 'Token for the forge’s API.', secret: true }),
})
export type CommonSettings = z.output<typeof commonSettings> & {
  readonly model: string
  readonly workFolder: string
  readonly failOn: FailOn
}

/** A stage, said once: everything that is generated comes from here. */
export interface Stage<
  Name extends StageName = StageName,
  In extends z.ZodObject = z.ZodObject,
  Kind extends DocumentKind = DocumentKind,
  Out extends string = string,
> {
  readonly name: Name
  /** One sentence: action.yml's description, the README's first line, the head of `--help`. */
  readonly promise: string
  readonly failOn: FailOn
  /** Its own settings, camelCase, every field with `.meta({ description })`. */
  readonly settings: In
  /** The kind of document that it writes. */
  readonly document: Kind
  /** Its own outputs, beside the common ones. Keys in camelCase. */
  readonly outputs: Readonly<Record<Out, Output<Document<Kind>>>>
  report(document: Document<Kind>): Report
  /** Whether the action has a post step, which ends what an interrupted step left running. */
  readonly hasPostStep?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: a stage of any kind; its parts are checked where it is defined
export type AnyStage = Stage<StageName, z.ZodObject<any>, any, any>

/** What of a stage its settings follow from: enough to read its block of `headgate.yml` without the stage. */
export type SettingsBlock = Pick<AnyStage, 'name' | 'settings' | 'failOn'>

/** A stage's settings after defaults, with the common ones. */
export type Settings<S extends SettingsBlock> = CommonSettings & z.output<S['settings']>

type BodyOf<S extends AnyStage> = z.output<(typeof bodies)[S['document'] & DocumentKind]>

/** What a run of a stage finds: the document without the parts that the runner stamps. */
export interface Findings<S extends AnyStage> {
  readonly verdict: Verdict
  readonly summary: string
  readonly inputs: Header['inputs']
  readonly body: BodyOf<S>
  /**
   * Set where the step must end with another exit code than its verdict's, although its document is written:
   * a training or a deployment that failed.
   */
  readonly exitCode?: 0 | 1 | 2 | 3
  /** Set where nothing was done for the model, but beside it: the work folder and its report keep what they have. */
  readonly isAside?: boolean
}

/** Settings and ports in, findings out. Knows neither runner nor forge. */
export type Run<S extends AnyStage, Ports> = (settings: Settings<S>, ports: Ports) => Promise<Findings<S>>

/** Checks a stage's description as far as types cannot, and returns it. */
export function defineStage<
  Name extends StageName,
  In extends z.ZodObject,
  Kind extends DocumentKind,
  Out extends string,
>(stage: Stage<Name, In, Kind, Out>): Stage<Name, In, Kind, Out> {
  for (const [key, field] of Object.entries({ ...stage.settings.shape })) {
    if (!(z.globalRegistry.get(field as z.ZodType)?.description ?? ''))
      throw new Error(`${stage.name}: the setting ${key} has no description`)
    if (key in commonSettings.shape) throw new Error(`${stage.name}: ${key} is a common setting`)
  }
  if (!(stage.document in bodies)) throw new Error(`${stage.name}: there is no document ${stage.document}`)
  return stage
}

/** Under which name registry and ledger know a model, shared by the stages that read or write them. */
export const nameSetting = z.string().optional().meta({
  description: 'The model’s name in registry and ledger; in `headgate.yml` only at the model’s level.',
  defaultText: '`model`',
  example: 'flight-delays',
  modelLevel: true,
})

/** The name under which registry and ledger know a model. */
export function registeredName({
  name,
  model,
}: {
  readonly name?: string | undefined
  readonly model: string
}): string {
  return name ?? model
}

/** Where the ledger lives, shared by the stages that read or write it. */
export const ledgerSettings = z
  .strictObject({
    ref: z
      .string()
      .default('refs/headgate/ledger')
      .meta({ description: 'The ref, or a branch where rules are wanted.' }),
    remote: z.string().default('origin').meta({ description: 'The Git remote that holds it.' }),
  })
  .prefault({})
  .meta({ description: 'Where the ledger lives; only at the model’s level.', fileOnly: true, modelLevel: true })

/** Where versions and aliases are, for the stages that read or write them. */
export const registrySetting = z.string().default('git').meta({ description: 'Where versions and aliases are.' })

/** Where the bytes of versions are. */
export const storeSetting = z.string().optional().meta({
  description: 'Where the bytes are of versions, and of what `hand-over: store` hands over, as `kind[:location]`.',
  example: 'directory:../store',
  defaultText: 'release assets with a forge, a directory on a laptop',
})

/** What a command of the user's gets beside the runner's own environment. */
export const environmentSetting = z
  .record(z.string(), z.coerce.string())
  .default({})
  .meta({
    description: 'Environment variables of the command; secrets as `${env:NAME}`.',
    fileOnly: true,
    example: { OMP_NUM_THREADS: '1' },
  })

/** From where DuckDB is loaded. */
export const duckdbLibrarySetting = z.string().optional().meta({
  description: 'A folder whose `node_modules` holds DuckDB’s npm packages.',
  defaultText: 'the installed packages, else a pinned and checked download',
  example: '/opt/duckdb',
})
