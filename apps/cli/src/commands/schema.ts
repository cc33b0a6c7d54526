import { documentKinds, documentSchema, strictJson, UserError } from '@headgate/core'
import { z } from 'zod'
import type { Command } from '../command.ts'

export const command: Command = {
  promise: 'Prints the JSON Schema of a document.',
  flags: [],
  positionals: 1,
  run: async ({ positionals, stdout }) => {
    const kind = documentKinds.find((known) => known === positionals[0])
    if (kind === undefined)
      throw new UserError({ what: 'which document?', fix: `One of: ${documentKinds.join(', ')}.` })
    stdout.write(strictJson(z.toJSONSchema(documentSchema(kind), { unrepresentable: 'any' })))
    return 0
  },
}
