export * from './objects.ts'
export * from './remote.ts'
export * from './run.ts'
export * from './worktree.ts'
