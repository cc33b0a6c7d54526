export * from './contract.ts'
export * from './read.ts'
