export * from './confine.ts'
export * from './documents.ts'
export * from './tree.ts'
export * from './write.ts'
