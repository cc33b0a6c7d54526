export * from './download.ts'
export * from './open.ts'
export * from './port.ts'
export { nextVersion } from './version.ts'
