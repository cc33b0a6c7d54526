import type { Runner } from '@headgate/runners'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { stage } from '../stage.ts'
import { openTarget } from './open.ts'

test('a target that this release does not have is refused by its name, with those that it has', async () => {
  const settings = z.object(stage.settings.shape).parse({ target: 'ssh' })
  const opened = openTarget(settings as Parameters<typeof openTarget>[0], {} as Runner)
  await expect(opened).rejects.toThrow(/`target: ssh` is not in this release.*`target: process`/s)
})
