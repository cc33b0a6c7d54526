/** The version of this release; `package.json` says the same, by a test. */
export const release = '0.1.0'
