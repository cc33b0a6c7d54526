import * as mlflow from '@headgate/systems/mlflow'
import type { RunEnd, TrackedRun } from '../port.ts'
import { logLeft } from './left.ts'
import type { Experiment } from './tracking.ts'

const statuses: Readonly<Record<RunEnd, mlflow.RunStatus>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  killed: 'KILLED',
}

/** A run that is open at MLflow. `onFinish` is called when it was closed with what it left. */
export function trackedRun(where: Experiment, run: mlflow.Run, onFinish: () => void): TrackedRun {
  const { client } = where
  const { connection } = client
  let isClosed = false
  const last = mlflow.withOptions(client, { signal: undefined, retries: 0 })
  return {
    reference: { kind: 'mlflow', url: pageOf(where, run), runId: run.id },
    variables: {
      ...connection.variables,
      MLFLOW_RUN_ID: run.id,
      MLFLOW_EXPERIMENT_ID: where.id,
      ...(where.name === '' ? {} : { MLFLOW_EXPERIMENT_NAME: where.name }),
    },
    finish: async (left) => {
      const close = () =>
        mlflow.updateRun(client, run.id, { status: statuses[left.end], endedAt: left.endedAt.getTime() })
      const notLogged = await logLeft(where, run, left, close)
      isClosed = true
      onFinish()
      return notLogged
    },
    end: async (how) => {
      if (isClosed) return
      const ended = { status: statuses[how], endedAt: Date.now() }
      await mlflow.updateRun(last, run.id, ended).catch(() => undefined)
    },
    discard: async () => {
      await mlflow.updateRun(client, run.id, { status: 'KILLED', endedAt: Date.now() })
      await mlflow.deleteRun(client, run.id)
    },
  }
}

/** The page of a run; GitLab tells no page of it, and its API stands for it. */
function pageOf({ client, id }: Experiment, run: mlflow.Run): string {
  const { address } = client.connection
  return client.dialect === 'gitlab' ? address : `${address}/#/experiments/${id}/runs/${run.id}`
}
