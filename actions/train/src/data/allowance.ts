import { UserError } from '@headgate/core'
import type { DataPlace } from './source.ts'

/** How much may still be brought. */
export interface Allowance {
  /**
   * Counts bytes that came, or below 0 that were thrown away.
   * @throws UserError above the limit.
   */
  readonly spend: (bytes: number) => void
}

export function openAllowance(place: Pick<DataPlace, 'executor' | 'fetchLimit'>): Allowance {
  let spent = 0
  return {
    spend: (bytes) => {
      spent += bytes
      if (spent > place.fetchLimit) throw tooMuch(place, 'The data that is not here is larger.')
    },
  }
}

/** Data that is larger than what is fetched. */
export function tooMuch({ executor, fetchLimit }: Pick<DataPlace, 'executor' | 'fetchLimit'>, what: string): UserError {
  const limit = byteText(fetchLimit)
  return new UserError({
    what: `\`executor: ${executor.name}\` would have to bring more data to this machine than \`fetch-limit\`, which is ${limit}. ${what}`,
    fix: 'Raise `fetch-limit`, or train where the data is read by its URLs: `executor: kubernetes`, `ray` or `spark`.',
  })
}

const units = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** `1.5 GB`, in powers of 1,000 as the setting is. */
export function byteText(bytes: number): string {
  const power = Math.min(Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)), units.length - 1)
  const value = (bytes / 1000 ** power).toLocaleString('en-US', { maximumFractionDigits: 1 })
  return `${value} ${units[power]}`
}
