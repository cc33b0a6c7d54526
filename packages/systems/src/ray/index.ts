export { type ArchiveEntry, writeArchive } from './archive.ts'
export { closeRay, type Ray, rayOf } from './client.ts'
export { readNodeFile, readSmallFile } from './files.ts'
export {
  deleteRayJob,
  findRayJob,
  isGhost,
  listRayJobs,
  type RayJob,
  type RayJobRequest,
  stopRayJob,
  submitRayJob,
} from './jobs.ts'
export { bringPackage, packageName, packageUri } from './packages.ts'
