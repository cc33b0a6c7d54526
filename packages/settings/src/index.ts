export * from './file.ts'
export * from './model.ts'
export * from './settings.ts'
