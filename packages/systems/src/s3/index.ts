export { type Access, readAccess } from './access.ts'
export { type ListedObject, listObjects } from './list.ts'
export { lookUpObject, type ObjectState, type Place, parsePlace, resourceAt } from './object.ts'
