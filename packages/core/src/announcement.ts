import type { Annotation } from './report.ts'
import type { Verdict } from './verdict.ts'

/** What is told on the forge after a stage: a comment on the pull request, and a check (or status) on the commit. */
export interface Announcement {
  readonly model: string
  /** Distinguishes several comments of one model; `report` by default. Marker: `<!-- headgate:<model>:<key> -->`. */
  readonly key: string
  readonly verdict: Verdict
  /** Whether the verdict was accepted: decides the check's conclusion. */
  readonly accepted: boolean
  readonly summary: string
  /** The whole comment in Markdown, without the marker. */
  readonly markdown: string
  readonly annotations: readonly Annotation[]
}

/** Tells it, and returns the sentences to log (what was done, or why not). Never throws for a missing right. */
export type Announce = (announcement: Announcement) => Promise<readonly string[]>
