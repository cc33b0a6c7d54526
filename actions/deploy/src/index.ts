export type { Ports } from './ports.ts'
export { rollback, run } from './run.ts'
export { rollbackStage, stage } from './stage.ts'
export type { Instance, Release, Target } from './targets/port.ts'
