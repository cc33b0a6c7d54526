export * from './pipeline.ts'
export * from './plan.ts'
