import type { Announce, Announcement, Context } from '@headgate/core'
import { messageOf, OutsideError } from '@headgate/core'
import type { Forge } from './port.ts'
import { Rejection } from './rejection.ts'

export interface AnnouncerOptions {
  /** `undefined` where there is no token. */
  readonly forge: Forge | undefined
  readonly context: Context
}

/**
 * Tells a stage's result on the forge: the pull request's comment, and a check on the head commit. A right that is
 * missing costs the comment, never the verdict; a forge that is down is an `OutsideError`.
 */
export function announcer({ forge, context }: AnnouncerOptions): Announce {
  return async (announcement) => {
    if (forge === undefined && context.runner === 'local' && context.forge === undefined) return []
    if (forge === undefined) return ['There is no token for the forge: no comment and no check are written.']
    const said: string[] = []
    if (context.pullRequest) {
      said.push(
        await attempt('pull-requests: write', () => comment(forge, context.pullRequest?.number ?? 0, announcement)),
      )
    }
    if (context.commit) said.push(await attempt('checks: write', () => check(forge, context, announcement)))
    return said
  }
}

async function attempt(permission: string, work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    if (error.status === 403 || error.status === 404) {
      return `The forge refused it (${error.status}, ${error.message}). On a pull request from a fork that is as it must be; else add "permissions: { ${permission} }" to the job.`
    }
    throw new OutsideError(
      {
        tried: 'The result was to be told on the forge.',
        state: `It answered ${error.status}: ${messageOf(error)}.`,
        next: 'The documents are written; run the job again.',
      },
      { cause: error },
    )
  }
}

async function comment(
  forge: Forge,
  pullRequest: number,
  { model, key, markdown, summary }: Announcement,
): Promise<string> {
  const marker = `<!-- headgate:${model}:${key} -->`
  const write = (body: string): ReturnType<Forge['upsertComment']> => forge.upsertComment(pullRequest, marker, body)
  try {
    return spoken(await write(markdown))
  } catch (error) {
    if (!(error instanceof Rejection) || error.status !== 422) throw error
    // Too long after all: a short one, which says nothing that could be taken for markup.
    return spoken(
      await write(
        `The report is too long for a comment; see the job's summary.\n\n\`\`\`text\n${summary.replaceAll('`', "'")}\n\`\`\``,
      ),
    )
  }
}

function spoken({ action, comment: { url } }: Awaited<ReturnType<Forge['upsertComment']>>): string {
  return action === 'unchanged' ? 'The comment already says this.' : `The comment was ${action}: ${url}`
}

async function check(forge: Forge, context: Context, announcement: Announcement): Promise<string> {
  const { verdict, accepted, model, summary, markdown, annotations } = announcement
  const conclusion = accepted ? (verdict === 'pass' || verdict === 'warn' ? 'success' : 'neutral') : 'failure'
  const name = `headgate (${model})`
  await forge.report({
    name,
    sha: context.commit,
    conclusion,
    title: summary,
    summary: markdown,
    annotations,
    url: context.run?.url,
  })
  return `${forge.kind === 'github' ? 'The check' : 'The status'} "${name}" says ${conclusion}.`
}
