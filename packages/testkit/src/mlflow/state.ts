export type TwinDialect = '3' | '2' | 'gitlab'

interface Pair {
  key: string
  value: string
}

export interface TwinRun {
  readonly id: string
  readonly experimentId: string
  name: string
  status: string
  readonly startTime: number
  endTime: number | undefined
  isDeleted: boolean
  readonly tags: Map<string, string>
  readonly params: Map<string, string>
  readonly metrics: { key: string; value: number | string; timestamp: number; step: number }[]
  readonly datasets: Record<string, unknown>[]
  readonly models: string[]
}

export interface TwinModel {
  readonly id: string
  readonly experimentId: string
  readonly runId: string
  readonly name: string
  status: string
  readonly tags: Pair[]
}

export interface MlflowState {
  readonly dialect: TwinDialect
  readonly experiments: Map<string, string>
  readonly runs: TwinRun[]
  readonly models: TwinModel[]
  /** Bytes by path, as the artifact service has them. */
  readonly artifacts: Map<string, Buffer>
  /** Set in a test: what artifact URIs begin with instead of the twin's own. */
  artifactStore: string | undefined
  url: string
}

export function newState(dialect: TwinDialect): MlflowState {
  return {
    dialect,
    experiments: new Map([['Default', '0']]),
    runs: [],
    models: [],
    artifacts: new Map(),
    artifactStore: undefined,
    url: '',
  }
}

export function pairs(values: ReadonlyMap<string, string>): Pair[] {
  return [...values].map(([key, value]) => ({ key, value }))
}
