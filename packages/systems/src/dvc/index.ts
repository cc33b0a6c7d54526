export { md5Of } from './md5.ts'
export { type DvcPlace, pull, showMetrics } from './run.ts'
export {
  type FindTracked,
  type Lock,
  readDvcFile,
  readLock,
  repositoryOf,
  type Tracked,
  trackedFinder,
} from './tracked.ts'
