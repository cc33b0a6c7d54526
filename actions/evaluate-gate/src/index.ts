export type { Ports, Versions } from './ports.ts'
export { run } from './run.ts'
export { stage } from './stage.ts'
export { wire } from './wire.ts'
