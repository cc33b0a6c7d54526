import type { Report } from '@headgate/core'
import type { PageOptions } from '../options.ts'

/** One self-contained page: no requests, no scripts. */
export async function renderHtml(reports: readonly Report[], options: PageOptions): Promise<string> {
  void reports
  return `<!doctype html><title>${inertText(options.title).replace(/[&<]/g, ' ')}</title>`
}
