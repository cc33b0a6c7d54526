import type { Document, Report, Text } from '@headgate/core'
import { code, counted, details, section, sentence, table } from '@headgate/reports'

const listedFiles = 50

/** What was registered: its name, where it comes from, where it lies. */
export function reportModel(document: Document<'model'>): Report {
  const { name, version, aliases, files } = document
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const rows = files.slice(0, listedFiles).map((file): Text[] => [{ code: file.path }, String(file.bytes)])
  const shown = files.length > listedFiles ? [sentence(`The first ${listedFiles} of ${files.length} files.`)] : []
  return {
    title: 'Registration',
    verdict: document.verdict,
    summary: document.summary,
    sections: [
      section('Version', 0, [
        table(
          'Version',
          ['What', 'Value'],
          [
            ['Model', name],
            ['Version', { strong: version }],
            ['Aliases', aliases.join(', ') || 'none'],
            ['Tag', { code: document.registry.reference }],
            ['Digest', { code: document.digest }],
            ['Store', `${document.store.kind}:${document.store.location}`],
          ],
        ),
      ]),
      section('Lineage', 1, [table('Lineage', ['From', 'What'], lineageRows(document))]),
      section('Files', 3, [
        details(`${counted(files.length, 'file')}, ${counted(bytes, 'byte')}`, [
          table('Files', ['Path', { title: 'Bytes', align: 'right' }], rows),
          ...shown,
        ]),
        details('How to fetch it', [code('sh', fetchingLine(document))]),
      ]),
    ],
    annotations: [],
  }
}

function fetchingLine({ model, name, version }: Document<'model'>): string {
  const named = name === model ? '' : ` --name ${name}`
  return `headgate download --model ${model}${named} --model-version ${version} --into ${name}`
}

function lineageRows({ lineage }: Document<'model'>): Text[][] {
  if (lineage.imported) return [['Lineage', 'unknown: adopted from production']]
  const { commit, training, evaluation, validation, data } = lineage
  return [
    ['Commit', commit === null ? 'unknown' : { code: commit }],
    ['Training', training === null ? 'unknown' : [training.runId, ', key ', { code: training.key }]],
    ...data.map((file): Text[] => ['Data', [{ code: file.path }, ' ', { code: file.digest }]]),
    ['Evaluation', evaluation === null ? 'none' : evaluationText(evaluation)],
    ['Validation', validation?.verdict ?? 'none'],
  ]
}

function evaluationText({
  verdict,
  baseline,
  recomputed,
}: NonNullable<Document<'model'>['lineage']['evaluation']>): string {
  const against = baseline === null ? 'without a baseline' : `against ${baseline}`
  return `${verdict}, ${against}${recomputed ? '; recomputed from the digested predictions' : ''}`
}
