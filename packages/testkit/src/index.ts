export { type ActOptions, type ActRun, runAct } from './act.ts'
export { type Flight, labelledCsv, makeFlights, predictionCsv } from './flights.ts'
export { type Fault, type ForgeTwin, startForge } from './forge.ts'
export { type Results, startResults } from './results.ts'
