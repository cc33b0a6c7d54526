export const targetNames = ['process', 'docker', 'kubernetes', 'kserve', 'ray-serve', 'ssh', 'pull', 'command'] as const
export type TargetName = (typeof targetNames)[number]
