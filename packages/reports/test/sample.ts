import type { Report, Status } from '@headgate/core'
import {
  bytes,
  chart,
  code,
  details,
  duration,
  interval,
  number,
  percent,
  pValue,
  section,
  sentence,
  signed,
  table,
} from '../src/index.ts'

const right = 'right' as const

type Check = readonly [name: string, status: Status, column: string, rows: number, found: string, expected: string]

const checks: readonly Check[] = [
  ['dep_time_present', 'fail', 'dep_time', 412, '1.9% missing', 'at most 1%'],
  ['carrier_known', 'fail', 'carrier', 3, '`XX`, `9Z|7`', '16 valid values'],
  ['fresh', 'warn', 'time_hour', 0, '26 h old', 'at most 24 h'],
  ...Array.from(
    { length: 19 },
    (_, nth): Check => [`check_${nth + 1}`, 'pass', `column_${nth + 1}`, 0, 'as expected', ''],
  ),
]

/** A contract with two broken rules among 22. */
const validation: Report = {
  title: 'Data validation',
  verdict: 'fail',
  summary:
    '2 of 22 checks failed on 21,704 rows: dep_time is missing in 1.9% (at most 1%), carrier holds 3 unknown values.',
  sections: [
    section('Checks', 1, [
      table(
        'Checks',
        ['Result', 'Check', 'Column', { title: 'Rows', align: right }, 'Found', 'Expected'],
        checks.map(([name, status, column, rows, found, expected]) => [
          { status },
          { code: name },
          { code: column },
          number(rows),
          found,
          expected,
        ]),
      ),
    ]),
    section('How it was asked', 5, [
      details('SQL of the failing checks', [
        code('sql', "SELECT count(*) FILTER (WHERE dep_time IS NULL)\nFROM read_parquet('data/2013-07.parquet')"),
      ]),
    ]),
  ],
  annotations: [
    {
      level: 'error',
      title: 'dep_time_present',
      message: '412 of 21,704 rows are missing; at most 1% may be.',
      where: { file: 'contracts/flights.yaml', line: 42 },
    },
  ],
}

const training: Report = {
  title: 'Training',
  verdict: 'pass',
  summary: `Trained in ${duration(48_210)} with ${bytes(512_300_000)} at its peak; model of ${bytes(1_834_112)} written.`,
  sections: [
    section('Run', 2, [
      table(
        'Run',
        ['What', 'Value'],
        [
          ['Command', { code: 'python train.py --data data/train.parquet' }],
          ['Executor', 'process'],
          ['Duration', duration(48_210)],
          ['Peak memory', bytes(512_300_000)],
        ],
      ),
    ]),
  ],
  annotations: [],
}

const metrics = [
  ['roc_auc', 'all', 0.7621, 0.7534, 0.0087, 0.0041, 0.0133, -0.005, 'pass'],
  ['log_loss', 'all', 0.4412, 0.4489, -0.0077, -0.0121, -0.0033, 0.005, 'pass'],
  ['accuracy', 'all', 0.8013, 0.8013, 0, -0.0031, 0.0031, -0.005, 'pass'],
  ['roc_auc', 'origin = LGA', 0.7288, 0.7463, -0.0175, -0.0262, -0.0088, -0.005, 'fail'],
  ['roc_auc', 'carrier = HA', 0.7102, 0.7011, 0.0091, -0.0512, 0.0694, -0.005, 'inconclusive'],
] as const

/** Better as a whole, worse in one slice, and one slice too small to say. */
const evaluation: Report = {
  title: 'Gate',
  verdict: 'fail',
  summary:
    'roc_auc on origin = LGA fell by 0.0175 (95% interval −0.0262 to −0.0088) against v3; at most 0.005 may be lost.',
  sections: [
    section('Metrics', 1, [
      table(
        'Metrics',
        [
          'Result',
          'Metric',
          'Slice',
          { title: 'v3', align: right },
          { title: 'Candidate', align: right },
          { title: 'Δ', align: right },
          { title: '95% interval', align: right },
          { title: 'p', align: right },
          { title: 'May lose', align: right },
        ],
        metrics.map(([metric, slice, candidate, baseline, difference, low, high, limit, status]) => [
          { status },
          { code: metric },
          slice,
          number(baseline, 4),
          number(candidate, 4),
          signed(difference, 4),
          interval(low, high, 4),
          pValue(status === 'inconclusive' ? 0.771 : 0.0004),
          number(Math.abs(limit)),
        ]),
      ),
      chart(
        'Change against v3, with its interval and the margin',
        'Only roc_auc on origin = LGA lies wholly beyond its margin; carrier = HA is too wide to say.',
        {
          type: 'intervals',
          marks: metrics.map(([metric, slice, , , point, low, high, limit, status]) => ({
            label: slice === 'all' ? metric : `${metric} · ${slice}`,
            low,
            point,
            high,
            limit,
            status,
          })),
        },
      ),
    ]),
    section('Calibration', 4, [
      chart('Calibration on held-out rows', 'Candidate and v3 both follow the diagonal within 0.03.', {
        type: 'lines',
        labels: ['0.05', '0.15', '0.25', '0.35', '0.45', '0.55', '0.65', '0.75', '0.85', '0.95'],
        series: [
          { name: 'Candidate', values: [0.06, 0.14, 0.27, 0.36, 0.44, 0.57, 0.63, 0.76, 0.83, 0.94] },
          { name: 'v3', values: [0.07, 0.12, 0.23, 0.33, 0.47, 0.53, null, 0.72, 0.86, 0.97] },
        ],
      }),
    ]),
  ],
  annotations: [],
}

const drifted = [
  ['temp', 'numeric', 'Wasserstein', 0.412, 0.1, 'fail'],
  ['carrier', 'categorical', 'Jensen–Shannon', 0.187, 0.1, 'fail'],
  ['dep_delay', 'numeric', 'Wasserstein', 0.131, 0.1, 'fail'],
  ['wind_speed', 'numeric', 'Wasserstein', 0.074, 0.1, 'pass'],
  ['origin', 'categorical', 'Jensen–Shannon', 0.041, 0.1, 'pass'],
  ['distance', 'numeric', 'Wasserstein', 0.022, 0.1, 'pass'],
] as const

const drift: Report = {
  title: 'Drift',
  verdict: 'warn',
  summary: '3 of 6 columns drifted, led by temp (0.412 against 0.1); second of the 3 windows that a retraining needs.',
  sections: [
    section('Columns by effect', 1, [
      table(
        'Columns by effect',
        ['Result', 'Column', 'Type', 'Test', { title: 'Score', align: right }, { title: 'Limit', align: right }],
        drifted.map(([column, type, test, score, limit, status]) => [
          { status },
          { code: column },
          type,
          test,
          number(score, 3),
          number(limit),
        ]),
      ),
      chart('Effect by column', 'temp, carrier and dep_delay lie above the limit of 0.1, the other three below.', {
        type: 'bars',
        labels: drifted.map(([column]) => column),
        series: [{ name: 'Score', values: drifted.map(([, , , score]) => score) }],
        limit: 0.1,
      }),
    ]),
    section('What moved', 3, [
      chart('temp, °F', 'Reference peaks at 40 to 50, current at 70 to 80.', {
        type: 'bars',
        labels: ['<20', '20', '30', '40', '50', '60', '70', '80', '≥90'],
        series: [
          { name: 'Reference', values: [0.03, 0.08, 0.17, 0.24, 0.19, 0.14, 0.09, 0.05, 0.01] },
          { name: 'Current', values: [0, 0.01, 0.02, 0.04, 0.11, 0.21, 0.33, 0.22, 0.06] },
        ],
      }),
      chart('carrier', 'Share of EV grew from 15% to 27%; B6 and UA fell.', {
        type: 'bars',
        labels: ['UA', 'B6', 'EV', 'DL', 'AA', 'MQ', 'other'],
        series: [
          { name: 'Reference', values: [0.19, 0.17, 0.15, 0.14, 0.1, 0.09, 0.16] },
          { name: 'Current', values: [0.14, 0.12, 0.27, 0.13, 0.09, 0.1, 0.15] },
        ],
      }),
    ]),
    section('Decision', 2, [
      sentence([
        { strong: 'No retraining yet.' },
        ' 2 of the last 5 windows drifted; 3 are needed. Budget: 4 of 5 left.',
      ]),
      chart('Windows', 'Of six windows the last two drifted.', {
        type: 'timeline',
        points: [
          { at: '2013-06-01T00:00:00Z', label: 'window', status: 'pass' },
          { at: '2013-06-08T00:00:00Z', label: 'window', status: 'pass' },
          { at: '2013-06-15T00:00:00Z', label: 'retraining', status: 'pass' },
          { at: '2013-06-22T00:00:00Z', label: 'window', status: 'inconclusive' },
          { at: '2013-06-29T00:00:00Z', label: 'window', status: 'fail' },
          { at: '2013-07-06T00:00:00Z', label: 'window', status: 'fail' },
        ],
      }),
    ]),
    section('Service', 2, [
      table(
        'Service',
        ['Result', 'Figure', { title: 'Value', align: right }, { title: 'Limit', align: right }],
        [
          [{ status: 'pass' }, 'p95 latency', '84 ms', '200 ms'],
          [{ status: 'pass' }, 'Error rate', percent(0.0004, 2), percent(0.01)],
          [{ status: 'inconclusive' }, 'Memory', number(null), bytes(512_000_000)],
        ],
      ),
    ]),
  ],
  annotations: [],
}

export const sampleReports: readonly Report[] = [validation, training, evaluation, drift]

export const sampleOptions = {
  title: 'flight-delays',
  footer: [
    { link: { text: '4f1c2ab', url: 'https://example.org/flights/commit/4f1c2ab' } },
    ' against ',
    { code: 'flight-delays@v3' },
    ' · the same on a laptop: ',
    { code: 'headgate run' },
  ],
} as const
