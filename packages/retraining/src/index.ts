export * from './decision.ts'
export * from './rules.ts'
