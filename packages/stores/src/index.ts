export type { StoreOptions } from './open.ts'
export { openStore, openStoreOf, storeOptionsOf } from './open.ts'
export type { Place, Source, Store } from './port.ts'
