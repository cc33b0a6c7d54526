/** The settings that belong to one target, under its name. A block of another one than is used has no effect. */
export const targetBlocks = {}
