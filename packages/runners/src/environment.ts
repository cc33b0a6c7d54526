const hidden = [
  /^INPUT_/,
  /^ACTIONS_/,
  /^HEADGATE_INPUT_/,
  /^GITHUB_(TOKEN|OUTPUT|ENV|PATH|STATE|STEP_SUMMARY)$/,
  /^CI_JOB_TOKEN$/,
]

/** The environment for a user's code: the runner's inputs, tokens and command files are left out. */
export function scrub(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(variables).filter(
    ([name, value]) => value !== undefined && !hidden.some((one) => one.test(name)),
  )
  return Object.fromEntries(kept) as Record<string, string>
}
