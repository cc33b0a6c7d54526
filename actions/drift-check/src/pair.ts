import type { MissingShare } from '@headgate/core'
import type { TestName } from '@headgate/statistics'
import { chooseTest, driftTests } from '@headgate/statistics'
import type { Declared } from './side.ts'

/** A column that both sides have, and the test that was asked for. */
export interface Pair {
  readonly reference: Declared
  readonly current: Declared
  readonly missingShare: MissingShare
  readonly explicit: TestName | undefined
}

/** The most values an integer column has that counts as categories, as in Evidently. */
export const mostIntegerCategories = 10

/** The test that was asked for where it can test the column, else the one that Evidently takes. */
export function testFor(pair: Pair, shape: Parameters<typeof chooseTest>[0]): TestName {
  if (pair.explicit !== undefined && driftTests[pair.explicit].allows.includes(shape.type)) return pair.explicit
  return chooseTest(shape)
}
