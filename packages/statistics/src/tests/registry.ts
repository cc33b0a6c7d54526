import { type BinningOptions, binCategories, binDistinct, binNumeric, fillZeros, type Shares } from '../binning.ts'
import { type CategoryCounts, countValues, finite, type Sample, totalCount } from '../sample.ts'
import { andersonDarling } from './anderson-darling.ts'
import { chiSquare, fisherExact, gTest, twoProportionZ } from './contingency.ts'
import { cramerVonMises } from './cramer-von-mises.ts'
import { hellinger, jensenShannon, klDivergence, populationStability } from './divergence.ts'
import { eppsSingleton } from './epps-singleton.ts'
import { ksTwoSample } from './kolmogorov-smirnov.ts'
import { mannWhitney } from './mann-whitney.ts'
import { type Distance, emptySide, noDistance, type PValue, tooManyBins } from './outcome.ts'
import { maximumMeanDiscrepancy, totalVariation } from './permutation.ts'
import { studentT } from './student-t.ts'
import { energyDistance, wassersteinNormed } from './wasserstein.ts'

export type ColumnType = 'num' | 'cat'

export type TestName =
  | 'ks'
  | 'wasserstein'
  | 'psi'
  | 'kl_div'
  | 'jensenshannon'
  | 'hellinger'
  | 'chisquare'
  | 'z'
  | 'g_test'
  | 'fisher_exact'
  | 'anderson'
  | 'cramer_von_mises'
  | 't_test'
  | 'mannw'
  | 'ed'
  | 'es'
  | 'TVD'
  | 'empirical_mmd'

/** Both sides of one column. NaN and infinite values are dropped before a test, as Evidently does. */
export type TestInput = NumericInput | CategoricalInput

interface NumericInput {
  readonly type: 'num'
  readonly reference: Sample
  readonly current: Sample
  /** The column holds integers (bins at least 1 wide). */
  readonly integer?: boolean
  /** For the permutation tests; 0 unless given. */
  readonly seed?: number
}

interface CategoricalInput {
  readonly type: 'cat'
  readonly reference: CategoryCounts
  readonly current: CategoryCounts
  readonly seed?: number
}

/** A p-value or a distance, by the test's kind, or why there is none. */
export type Score =
  | { readonly score: number; readonly statistic: number | null }
  | { readonly score: null; readonly reason: string }

export interface DriftTest {
  readonly name: TestName
  readonly kind: 'p-value' | 'distance'
  /** Evidently's default. */
  readonly threshold: number
  /** Column types an explicit choice may name; the default choice also counts the values of numeric columns. */
  readonly allows: readonly ColumnType[]
  /** Never throws: degenerate data gives `score: null` and the reason. */
  score(input: TestInput): Score
  drifted(score: number, threshold?: number): boolean
}

/** How a score and a threshold make drift; Evidently's tests differ on equality. */
type Comparison = 'below' | 'at-most' | 'above' | 'at-least'

type Scorer = (input: TestInput) => PValue | Distance

const onNumbers =
  (test: (reference: Sample, current: Sample, options: { seed?: number }) => PValue | Distance): Scorer =>
  (input) => {
    if (input.type === 'cat') return noDistance('the test compares numbers, the column holds categories')
    return test(input.reference, input.current, input.seed === undefined ? {} : { seed: input.seed })
  }

const onCounts =
  (test: (reference: CategoryCounts, current: CategoryCounts, options: { seed?: number }) => PValue): Scorer =>
  (input) => {
    const [reference, current] =
      input.type === 'cat'
        ? [input.reference, input.current]
        : [countValues(input.reference), countValues(input.current)]
    return test(reference, current, input.seed === undefined ? {} : { seed: input.seed })
  }

type Binning = (reference: Sample, current: Sample, options: BinningOptions) => Shares | undefined

const onShares =
  (
    measure: (shares: Shares) => Distance,
    bin: Binning,
    adjust: (shares: Shares) => Shares = (shares) => shares,
  ): Scorer =>
  (input) => {
    const shares =
      input.type === 'cat'
        ? binCategories(input.reference, input.current)
        : bin(input.reference, input.current, { integer: input.integer ?? false })
    return shares ? measure(adjust(shares)) : noDistance(tooManyBins)
  }

function test(
  name: TestName,
  threshold: number,
  comparison: Comparison,
  allows: readonly ColumnType[],
  scorer: Scorer,
): DriftTest {
  return {
    name,
    kind: comparison === 'below' || comparison === 'at-most' ? 'p-value' : 'distance',
    threshold,
    allows,
    score: (input) => toScore(scorer, clean(input)),
    drifted: (score, limit = threshold) => compare[comparison](score, limit),
  }
}

const compare: Readonly<Record<Comparison, (score: number, limit: number) => boolean>> = {
  below: (score, limit) => score < limit,
  'at-most': (score, limit) => score <= limit,
  above: (score, limit) => score > limit,
  'at-least': (score, limit) => score >= limit,
}

function clean(input: TestInput): TestInput {
  return input.type === 'cat' ? input : { ...input, reference: finite(input.reference), current: finite(input.current) }
}

function toScore(scorer: Scorer, input: TestInput): Score {
  const rows = (side: Sample | CategoryCounts) => ('size' in side ? totalCount(side) : side.length)
  if (rows(input.reference) === 0 || rows(input.current) === 0) return { score: null, reason: emptySide }
  const outcome = scorer(input)
  if ('reason' in outcome) return { score: null, reason: outcome.reason }
  const score = 'distance' in outcome ? outcome.distance : outcome.pValue
  if (Number.isNaN(score)) return { score: null, reason: 'the values are too large to compute with' }
  return { score, statistic: 'distance' in outcome ? null : finiteOrNull(outcome.statistic) }
}

function finiteOrNull(statistic: number): number | null {
  return Number.isFinite(statistic) ? statistic : null
}

const both: readonly ColumnType[] = ['num', 'cat']

/** The non-text tests of Evidently 0.7, by its registry names, with its thresholds and comparisons. */
export const driftTests: Readonly<Record<TestName, DriftTest>> = {
  ks: test('ks', 0.05, 'at-most', ['num'], onNumbers(ksTwoSample)),
  wasserstein: test('wasserstein', 0.1, 'at-least', ['num'], onNumbers(wassersteinNormed)),
  psi: test('psi', 0.1, 'at-least', both, onShares(populationStability, binNumeric, fillZeros)),
  kl_div: test('kl_div', 0.1, 'at-least', both, onShares(klDivergence, binNumeric, fillZeros)),
  jensenshannon: test('jensenshannon', 0.1, 'at-least', both, onShares(jensenShannon, binNumeric)),
  hellinger: test('hellinger', 0.1, 'at-least', both, onShares(hellinger, binDistinct)),
  chisquare: test('chisquare', 0.05, 'below', ['cat'], onCounts(chiSquare)),
  z: test('z', 0.05, 'below', ['cat'], onCounts(twoProportionZ)),
  g_test: test('g_test', 0.1, 'below', ['cat'], onCounts(gTest)),
  fisher_exact: test('fisher_exact', 0.1, 'below', ['cat'], onCounts(fisherExact)),
  anderson: test('anderson', 0.1, 'below', ['num'], onNumbers(andersonDarling)),
  cramer_von_mises: test('cramer_von_mises', 0.1, 'at-most', ['num'], onNumbers(cramerVonMises)),
  t_test: test('t_test', 0.05, 'below', ['num'], onNumbers(studentT)),
  mannw: test(
    'mannw',
    0.05,
    'below',
    ['num'],
    onNumbers((reference, current) => mannWhitney(reference, current)),
  ),
  ed: test('ed', 0.1, 'above', ['num'], onNumbers(energyDistance)),
  es: test('es', 0.05, 'below', ['num'], onNumbers(eppsSingleton)),
  TVD: test('TVD', 0.1, 'below', ['cat'], onCounts(totalVariation)),
  empirical_mmd: test('empirical_mmd', 0.1, 'below', ['num'], onNumbers(maximumMeanDiscrepancy)),
}

export function isTestName(name: string): name is TestName {
  return Object.hasOwn(driftTests, name)
}

export interface ColumnShape {
  readonly type: ColumnType
  /** Reference rows after cleaning; the current side may have any size. */
  readonly referenceRows: number
  /** Distinct values in reference and current together. */
  readonly distinct: number
}

/** The test Evidently takes when none is named. */
export function chooseTest({ type, referenceRows, distinct }: ColumnShape): TestName {
  if (referenceRows > 1000) return type === 'num' && distinct > 5 ? 'wasserstein' : 'jensenshannon'
  if (type === 'num' && distinct > 5) return 'ks'
  return distinct > 2 ? 'chisquare' : 'z'
}
