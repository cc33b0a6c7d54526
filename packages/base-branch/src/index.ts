export * from './block.ts'
export * from './branch.ts'
