import type { DeploymentStep, Document, Report, Status } from '@headgate/core'
import { code, section, sentence, table } from '@headgate/reports'

type Deployment = Document<'deployment'>

const statuses: Readonly<Record<DeploymentStep['status'], Status>> = {
  done: 'pass',
  failed: 'fail',
  skipped: 'inconclusive',
  pending: 'inconclusive',
  running: 'inconclusive',
}

/** What a deployment says to a person. */
export function reportDeployment(document: Deployment): Report {
  const { error } = document
  const failure = error ? [section('What went wrong', 10, [code('text', error.message), sentence(error.remedy)])] : []
  return {
    title: `Deployment to ${document.environment}`,
    verdict: document.verdict,
    summary: document.summary,
    sections: [...failure, section('Steps', 20, [steps(document)]), section('Version', 30, [version(document)])],
    annotations: error ? [{ level: 'error', title: 'Deployment failed', message: error.message }] : [],
  }
}

function steps(document: Deployment): ReturnType<typeof table> {
  const rows = document.steps.map((step) => [
    step.name,
    step.status === 'done' || step.status === 'failed' ? { status: statuses[step.status] } : step.status,
    step.durationMs === null ? '' : `${(step.durationMs / 1000).toFixed(1)} s`,
    step.evidence,
  ])
  return table('Steps', ['Step', 'Status', { title: 'Time', align: 'right' }, 'What was seen'], rows)
}

function version(document: Deployment): ReturnType<typeof table> {
  return table(
    'Version',
    ['', 'Value'],
    [
      ['Model', `${document.name} ${document.version}`],
      ['Digest', { code: document.digest }],
      ['Before', document.previousVersion ?? 'nothing'],
      ['Endpoint', document.endpoint ?? 'none'],
      ['Target', document.target],
      ['Rolled back', document.rolledBack ? 'yes' : 'no'],
      ['Reason', document.reason],
    ],
  )
}
