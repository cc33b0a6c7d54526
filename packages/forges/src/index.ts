export * from './announcer.ts'
export * from './open.ts'
export * from './port.ts'
export { Rejection } from './rejection.ts'
