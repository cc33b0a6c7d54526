import { expect, test } from 'vitest'
import { z } from 'zod'
import { fieldsOf, readText } from './fields.ts'
import { byteSizeSchema, durationSchema } from './quantity.ts'

test('durations and sizes are read with their unit, and refused without', () => {
  expect(['250ms', '90s', '30m', '1.5h', '2d'].map((text) => durationSchema.parse(text))).toEqual([
    250, 90_000, 1_800_000, 5_400_000, 172_800_000,
  ])
  expect(['10B', '512MB', '2GiB'].map((text) => byteSizeSchema.parse(text))).toEqual([10, 512_000_000, 2_147_483_648])
  for (const text of ['30', 'm', '-1s', '1 h', '1w']) expect(durationSchema.safeParse(text).success).toBe(false)
  for (const text of ['2', '2gb', '2G']) expect(byteSizeSchema.safeParse(text).success).toBe(false)
})

test('a setting that may be text or a structure is read from a flag as text', () => {
  const settings = z.object({
    run: z.union([z.string(), z.array(z.string())]).meta({ description: 'A command.' }),
    wait: durationSchema.prefault('30s').meta({ description: 'How long.' }),
  })
  const [run, wait] = fieldsOf(settings, false)
  expect(run).toMatchObject({ type: 'string', fileOnly: false, required: true })
  expect(run && readText(run, 'python train.py')).toEqual({ value: 'python train.py' })
  expect(wait).toMatchObject({ type: 'string', default: '30s', defaultText: '`30s`', required: false })
})
