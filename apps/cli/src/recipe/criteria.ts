import { type MetricName, metrics } from '@headgate/statistics'
import type { Recipe } from './recipe.ts'

/** What the labels are: two classes where the recipe names the positive one, as in MLflow. */
export type Task = 'binary' | 'multiclass' | 'regression'

export function taskOf({ recipe, positive_class }: Recipe): Task {
  if (recipe === 'regression/v1') return 'regression'
  return positive_class === undefined || positive_class === null ? 'multiclass' : 'binary'
}

/** A metric of ours that stands for one of MLflow's. */
interface Counterpart {
  readonly metric: MetricName
  /** From a threshold of theirs to one of ours. */
  readonly limit?: (threshold: number) => number
  /** What whoever reads the policy must know. */
  readonly caveat?: string
}

/** The built-in metrics of mlflow 2.22, `recipes/utils/metrics.py`, as far as they have a counterpart. */
const counterparts: Readonly<Record<Task, Readonly<Record<string, Counterpart>>>> = {
  binary: {
    accuracy_score: { metric: 'accuracy' },
    precision_score: { metric: 'precision' },
    recall_score: { metric: 'recall' },
    f1_score: { metric: 'f1' },
    roc_auc: { metric: 'roc_auc' },
    log_loss: { metric: 'log_loss' },
  },
  multiclass: {
    accuracy_score: { metric: 'accuracy' },
    f1_score_micro: { metric: 'accuracy', caveat: 'with one label per row both are the same number' },
    f1_score_macro: {
      metric: 'f1_macro',
      caveat: 'MLflow 2 gives this name to the mean weighted by class; f1_macro weighs all classes the same',
    },
    log_loss: { metric: 'log_loss' },
  },
  regression: {
    mean_absolute_error: { metric: 'mae' },
    mean_absolute_percentage_error: { metric: 'mape' },
    root_mean_squared_error: { metric: 'rmse' },
    mean_squared_error: { metric: 'rmse', limit: Math.sqrt, caveat: 'the limit is the root of the recipe’s' },
  },
}

/** Our metric for one of a recipe's, or `undefined` where there is none or the recipe computes it itself. */
export function counterpartOf(name: string, recipe: Recipe): Counterpart | undefined {
  if (recipe.custom_metrics?.some((custom) => custom.name === name)) return undefined
  const known = counterparts[taskOf(recipe)]
  return Object.hasOwn(known, name) ? known[name] : undefined
}

/** A validation criterion as a rule of the gate: a floor where higher is better, else a ceiling. */
export function ruleOf({ metric, limit = (value) => value }: Counterpart, threshold: number) {
  const side = metrics[metric].direction === 'higher' ? 'min' : 'max'
  return { metric, [side]: limit(threshold) }
}
