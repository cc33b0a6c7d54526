export type { Cell, ColumnTable } from './cell.ts'
export { cellText } from './cell.ts'
export { writeWithout } from './omission.ts'
export { readTable } from './table.ts'
