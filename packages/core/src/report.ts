import type { Place } from './error.ts'
import type { Status, Verdict } from './verdict.ts'

/** A run of text. A plain string is data: it is shown as it is, and the renderer escapes it. */
export type Inline =
  | string
  | { readonly code: string }
  | { readonly strong: string }
  | { readonly status: Status | Verdict }
  | { readonly link: { readonly text: string; readonly url: string } }
export type Text = Inline | readonly Inline[]

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** A value with its uncertainty on a common scale, beside the limit that it is held against. */
export interface IntervalMark {
  readonly label: string
  readonly low: number | null
  readonly point: number | null
  readonly high: number | null
  readonly limit?: number | undefined
  readonly status: Status
}

export interface Series {
  readonly name: string
  readonly values: readonly (number | null)[]
}

/** Charts by what they show; how they are drawn is the renderer's. */
export type Chart =
  | { readonly type: 'intervals'; readonly marks: readonly IntervalMark[]; readonly unit?: string }
  | {
      readonly type: 'bars'
      readonly labels: readonly string[]
      readonly series: readonly Series[]
      readonly limit?: number
    }
  | {
      readonly type: 'lines'
      readonly labels: readonly string[]
      readonly series: readonly Series[]
      readonly limit?: number
    }
  | {
      readonly type: 'timeline'
      readonly points: readonly { readonly at: string; readonly label: string; readonly status: Status | Verdict }[]
    }

export type Block =
  | { readonly block: 'heading'; readonly level: 2 | 3; readonly text: Text }
  | { readonly block: 'sentence'; readonly text: Text }
  | {
      readonly block: 'table'
      readonly caption: string
      readonly columns: readonly Column[]
      readonly rows: readonly (readonly Text[])[]
    }
  /** `alternative` says in words what the chart shows, for those who cannot see it and for Markdown. */
  | { readonly block: 'chart'; readonly title: string; readonly alternative: string; readonly chart: Chart }
  | { readonly block: 'details'; readonly summary: Text; readonly open?: boolean; readonly blocks: readonly Block[] }
  | { readonly block: 'code'; readonly language: string; readonly text: string }

/** A part that may be dropped as a whole when a report must be shorter; a lower number stays longer. */
export interface Section {
  readonly name: string
  readonly priority: number
  readonly blocks: readonly Block[]
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  readonly where?: Place | undefined
}

/** What a stage's document says to a person, before any format. */
export interface Report {
  /** A few words: what was judged. The verdict is said by the renderer. */
  readonly title: string
  readonly verdict: Verdict
  /** The sentence with the numbers that decided. */
  readonly summary: string
  readonly sections: readonly Section[]
  readonly annotations: readonly Annotation[]
}
