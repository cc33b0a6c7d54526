export { atBase, type BaseBlock } from './block.ts'
export { type BaseBranch, type OwnPlace, openBaseBranch, type Surroundings } from './branch.ts'
export * from './held.ts'
