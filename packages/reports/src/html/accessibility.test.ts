import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { sampleOptions, sampleReports } from '../../test/sample.ts'
import { renderHtml } from './page.ts'

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (browser === undefined) console.log('Accessibility is not checked: no Chromium in /usr/bin.')

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
}

test.skipIf(browser === undefined).each(['light', 'dark'] as const)(
  'axe finds nothing to mend in the %s scheme, and the page asks for nothing',
  async (colorScheme) => {
    const opened = await chromium.launch({ executablePath: browser ?? '', args: ['--no-sandbox'] })
    try {
      const context = await opened.newContext({ colorScheme, bypassCSP: true })
      const page = await context.newPage()
      const requests: string[] = []
      page.on('request', (request) => requests.push(request.url()))
      await page.setContent(await renderHtml(sampleReports, sampleOptions))
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run())
      expect(violations.map(({ id, nodes }) => ({ id, html: nodes.map(({ html }) => html.slice(0, 200)) }))).toEqual([])
      expect(requests).toEqual([])
    } finally {
      await opened.close()
    }
  },
)
