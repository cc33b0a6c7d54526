import type { Report } from '@headgate/core'

export function renderJUnit(reports: readonly Report[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${reports.length}"/>\n`
}
