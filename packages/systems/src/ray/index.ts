export { lastLine, type Ray, readVersion } from './client.ts'
export { driverLog, followLines, readFile, readLines } from './files.ts'
export {
  deleteJob,
  findJob,
  hasEnded,
  listJobs,
  type RayJob,
  type Submission,
  stopJob,
  submitJob,
} from './jobs.ts'
export { uploadPackage } from './packages.ts'
