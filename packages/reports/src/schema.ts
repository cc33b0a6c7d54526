import {
  type Annotation,
  type Block,
  type Chart,
  type Inline,
  type Report,
  type Section,
  statusSchema,
  type Text,
  verdictSchema,
} from '@headgate/core'
import { z } from 'zod'

const judgement = z.union([statusSchema, verdictSchema])
const point = z.number().nullable()

const inline: z.ZodType<Inline> = z.union([
  z.string(),
  z.object({ code: z.string() }),
  z.object({ strong: z.string() }),
  z.object({ status: judgement }),
  z.object({ link: z.object({ text: z.string(), url: z.string() }) }),
])
const text: z.ZodType<Text> = z.union([inline, z.array(inline)])

const column = z.object({ title: z.string(), align: z.enum(['left', 'right']).exactOptional() })
const intervalMark = z.object({
  label: z.string(),
  low: point,
  point,
  high: point,
  limit: z.number().optional(),
  status: statusSchema,
})
const plot = {
  labels: z.array(z.string()),
  series: z.array(z.object({ name: z.string(), values: z.array(point) })),
  limit: z.number().exactOptional(),
}
const chart: z.ZodType<Chart> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('intervals'), marks: z.array(intervalMark), unit: z.string().exactOptional() }),
  z.object({ type: z.literal('bars'), ...plot }),
  z.object({ type: z.literal('lines'), ...plot }),
  z.object({
    type: z.literal('timeline'),
    points: z.array(z.object({ at: z.string(), label: z.string(), status: judgement })),
  }),
])

const table = z
  .object({
    block: z.literal('table'),
    caption: z.string(),
    columns: z.array(column),
    rows: z.array(z.array(text)),
  })
  .refine(({ columns, rows }) => rows.every((row) => row.length === columns.length), {
    message: 'every row has one cell for each column',
    path: ['rows'],
  })

const block: z.ZodType<Block> = z.lazy(() =>
  z.union([
    z.object({ block: z.literal('heading'), level: z.union([z.literal(2), z.literal(3)]), text }),
    z.object({ block: z.literal('sentence'), text }),
    table,
    z.object({ block: z.literal('chart'), title: z.string(), alternative: z.string(), chart }),
    z.object({
      block: z.literal('details'),
      summary: text,
      open: z.boolean().exactOptional(),
      blocks: z.array(block),
    }),
    z.object({ block: z.literal('code'), language: z.string(), text: z.string() }),
  ]),
)

const section: z.ZodType<Section> = z.object({ name: z.string(), priority: z.number(), blocks: z.array(block) })
const annotation: z.ZodType<Annotation> = z.object({
  level: z.enum(['error', 'warning', 'notice']),
  title: z.string(),
  message: z.string(),
  where: z
    .object({ file: z.string(), line: z.number().exactOptional(), column: z.number().exactOptional() })
    .optional(),
})

/** A report read back from disk: what a stage said, as data, to be rendered by another job or a person. */
export const reportSchema: z.ZodType<Report> = z.object({
  title: z.string(),
  verdict: verdictSchema,
  summary: z.string(),
  sections: z.array(section),
  annotations: z.array(annotation),
})
