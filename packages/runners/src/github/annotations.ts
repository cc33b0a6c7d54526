import * as core from '@actions/core'
import type { Annotation } from '@headgate/core'
import { command } from './obedience.ts'

/** The runner drops what is beyond ten of a level in a step, without a word. */
const mostOfLevel = 10

/** Shows annotations beside the code until the step has its ten of their level, and says how many it left out. */
export function annotator(tell: (sentence: string) => void): (annotations: readonly Annotation[]) => void {
  const shown = { error: 0, warning: 0, notice: 0 }
  return (annotations) => {
    let more = 0
    for (const annotation of annotations) {
      if (shown[annotation.level] === mostOfLevel) more += 1
      else {
        shown[annotation.level] += 1
        show(annotation)
      }
    }
    if (more > 0) tell(`… and ${more} more in the summary.`)
  }
}

const levels = { error: core.error, warning: core.warning, notice: core.notice }

function show({ level, title, message, where }: Annotation): void {
  const place = where ? { file: where.file, startLine: where.line, startColumn: where.column } : {}
  command(() => levels[level](message, defined({ title, ...place })))
}

function defined(properties: Record<string, string | number | undefined>): core.AnnotationProperties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
}
