export { findSparkSubmit } from './install.ts'
export { addressesOf, reachMaster } from './reach.ts'
export { type DriverRequest, type DriverStatus, type SparkRest, sparkRest } from './rest.ts'
