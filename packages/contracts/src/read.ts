import type { Contract } from './contract.ts'
import { readOdcs } from './odcs/contract.ts'

/**
 * Reads a contract for one table.
 * @param file its path, as it is to be named in what is told of it
 * @param table which table of the contract, where it describes several
 * @throws UserError with every mistake and its line.
 */
export function readContract(text: string, file: string, table?: string): Contract {
  return readOdcs(text, file, table)
}
