import type { EventKind } from '@headgate/core'
import { runPipeline } from '@headgate/pipeline'
import { renderTerminal } from '@headgate/reports'
import type { Runner } from '@headgate/runners'
import type { Command } from '../command.ts'
import { runnerWith } from './stage.ts'

const events: readonly EventKind[] = ['pull-request', 'push', 'schedule', 'dispatch']

export const command: Command = {
  promise: 'Runs the stages that the event asks for.',
  flags: [
    {
      name: 'event',
      type: 'string',
      description: `Which event this is: ${events.join(', ')}. Default: what the CI says; dispatch elsewhere.`,
      words: events,
    },
    { name: 'stages', type: 'string', several: true, description: 'The stages to run, where the event is a dispatch.' },
    { name: 'model', type: 'string', description: 'Which model of headgate.yml this is.' },
    { name: 'config', type: 'string', description: 'The settings file.' },
    { name: 'param', type: 'string', several: true, description: 'A training parameter, as name=value.' },
    { name: 'log-level', type: 'string', description: 'How much is told on the way.' },
  ],
  run: async ({ values, stdout }) => {
    const runner = withEvent(await runnerWith(values), values.get('event') as EventKind | undefined)
    const { exitCode, outcomes } = await runPipeline(runner)
    for (const { report } of outcomes) {
      if (report) stdout.write(renderTerminal(report, { columns: 100, colour: false }))
    }
    return exitCode
  },
}

function withEvent(runner: Runner, event: EventKind | undefined): Runner {
  return event === undefined ? runner : { ...runner, context: { ...runner.context, event } }
}
