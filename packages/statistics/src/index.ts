export {
  type BinningOptions,
  binCategories,
  binDistinct,
  binNumeric,
  fillZeros,
  histogram,
  type Shares,
  sturgesEdges,
} from './binning.ts'
export { type Bounds, intervalOf } from './comparison/bounds.ts'
export { type Comparison, type ComparisonInput, compareMetric } from './comparison/compare.ts'
export { boundGap, type SliceEstimate } from './comparison/gap.ts'
export { benjaminiHochberg, holm } from './comparison/multiple.ts'
export {
  type Clause,
  type Decision,
  type DecisionInput,
  type DecisionStatus,
  decide,
  decideAll,
  type Rule,
} from './decision.ts'
export { type Binning, type CalibrationBin, calibration } from './metrics/calibration.ts'
export { confusion } from './metrics/label.ts'
export { type Measured, measure, type Observations } from './metrics/measure.ts'
export { isMetricName, type MetricDescription, type MetricName, metrics } from './metrics/table.ts'
export { createRandom, type Random } from './random.ts'
export { type CategoryCounts, countValues, type Sample } from './sample.ts'
export { andersonDarling } from './tests/anderson-darling.ts'
export { type BinnedSample, binSample, boundKs, boundWasserstein, type Certified } from './tests/certified.ts'
export { chiSquare, fisherExact, gTest, twoProportionZ } from './tests/contingency.ts'
export { cramerVonMises } from './tests/cramer-von-mises.ts'
export { hellinger, jensenShannon, klDivergence, populationStability } from './tests/divergence.ts'
export { eppsSingleton } from './tests/epps-singleton.ts'
export { ksTwoSample } from './tests/kolmogorov-smirnov.ts'
export { mannWhitney } from './tests/mann-whitney.ts'
export type { Distance, PValue } from './tests/outcome.ts'
export { maximumMeanDiscrepancy, type PermutationOptions, totalVariation } from './tests/permutation.ts'
export {
  type ColumnShape,
  type ColumnType,
  chooseTest,
  type DriftTest,
  driftTests,
  isTestName,
  type Score,
  type TestInput,
  type TestName,
} from './tests/registry.ts'
export { studentT } from './tests/student-t.ts'
export { energyDistance, wassersteinNormed } from './tests/wasserstein.ts'
