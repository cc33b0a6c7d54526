import type { Text } from '@headgate/core'

/** What stands around the reports, whatever the format. */
export interface PageOptions {
  /** The subject, such as the model's name; the verdict is said by the renderer. */
  readonly title: string
  /** One line: commit, run, baseline, how to run the same on a laptop. */
  readonly footer: Text
}
