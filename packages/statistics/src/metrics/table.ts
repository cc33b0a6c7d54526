/** Metric names follow scikit-learn where it has the metric. */
export type MetricName =
  | 'accuracy'
  | 'balanced_accuracy'
  | 'precision'
  | 'recall'
  | 'f1'
  | 'f1_macro'
  | 'roc_auc'
  | 'average_precision'
  | 'log_loss'
  | 'brier_score'
  | 'matthews_corrcoef'
  | 'cohen_kappa'
  | 'ece'
  | 'rmse'
  | 'mae'
  | 'r2'
  | 'mape'
  | 'pinball_loss'

export interface MetricDescription {
  readonly name: MetricName
  readonly task: 'classification' | 'regression'
  /** What the predictions must be: class indices, probabilities or scores, or values. */
  readonly needs: 'label' | 'score' | 'value'
  /** Which way is better. */
  readonly direction: 'higher' | 'lower'
  /** The values the metric can take. */
  readonly range: readonly [number, number]
}

type Facts = Pick<MetricDescription, 'direction' | 'range'>

const share: Facts = { direction: 'higher', range: [0, 1] }
const correlation: Facts = { direction: 'higher', range: [-1, 1] }
const loss: Facts = { direction: 'lower', range: [0, Number.POSITIVE_INFINITY] }
const boundedLoss: Facts = { direction: 'lower', range: [0, 1] }

const label = (name: MetricName, facts: Facts): MetricDescription => ({
  name,
  task: 'classification',
  needs: 'label',
  ...facts,
})

const score = (name: MetricName, facts: Facts): MetricDescription => ({
  name,
  task: 'classification',
  needs: 'score',
  ...facts,
})

const value = (name: MetricName, facts: Facts): MetricDescription => ({
  name,
  task: 'regression',
  needs: 'value',
  ...facts,
})

export const metrics: Readonly<Record<MetricName, MetricDescription>> = {
  accuracy: label('accuracy', share),
  balanced_accuracy: label('balanced_accuracy', share),
  precision: label('precision', share),
  recall: label('recall', share),
  f1: label('f1', share),
  f1_macro: label('f1_macro', share),
  roc_auc: score('roc_auc', share),
  average_precision: score('average_precision', share),
  log_loss: score('log_loss', loss),
  // 1 for two classes; the sum over more classes reaches 2.
  brier_score: score('brier_score', { direction: 'lower', range: [0, 2] }),
  matthews_corrcoef: label('matthews_corrcoef', correlation),
  cohen_kappa: label('cohen_kappa', correlation),
  ece: score('ece', boundedLoss),
  rmse: value('rmse', loss),
  mae: value('mae', loss),
  r2: value('r2', { direction: 'higher', range: [Number.NEGATIVE_INFINITY, 1] }),
  mape: value('mape', loss),
  pinball_loss: value('pinball_loss', loss),
}

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metrics, name)
}
