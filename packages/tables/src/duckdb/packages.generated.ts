// Written by packages/tables/scripts/duckdb-packages.ts from package-lock.json.

export interface PinnedPackage {
  readonly version: string
  /** Absent where the lock has none: such a platform needs `duckdb-library`. */
  readonly integrity?: string
}

export const pinnedPackages: Readonly<Record<string, PinnedPackage>> = {
  '@duckdb/node-api': {
    version: '1.5.6-r.1',
    integrity: 'sha512-yIPol6P4EQmsAUsb27donJf7iADrM31Ei/WkvhkZpSscjhEErYsuF19lsJ/qz5mUWxsKFQpLdjvrlhPQnMTBqw==',
  },
  '@duckdb/node-bindings': {
    version: '1.5.6-r.1',
    integrity: 'sha512-/pWlTyvKC1d16iSMJCBAPwlmzoeXRs5Y9cqG+TpKd/YAW6Ke05FJg099v/Im2bkS9BgznNyNcAK1NxA1eQhSUw==',
  },
  '@duckdb/node-bindings-darwin-arm64': { version: '1.5.6-r.1' },
  '@duckdb/node-bindings-darwin-x64': { version: '1.5.6-r.1' },
  '@duckdb/node-bindings-linux-arm64': { version: '1.5.6-r.1' },
  '@duckdb/node-bindings-linux-arm64-musl': { version: '1.5.6-r.1' },
  '@duckdb/node-bindings-linux-x64': {
    version: '1.5.6-r.1',
    integrity: 'sha512-IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==',
  },
  '@duckdb/node-bindings-linux-x64-musl': {
    version: '1.5.6-r.1',
    integrity: 'sha512-PVzIEZqp7QN07WBgjmIH0cK2GKXR735KmL6wnghTzRnhHWrePxx3MjZB9zZHI8tB73wdF8luarBm4EgqSjGyVA==',
  },
  '@duckdb/node-bindings-win32-arm64': { version: '1.5.6-r.1' },
  '@duckdb/node-bindings-win32-x64': { version: '1.5.6-r.1' },
  'detect-libc': {
    version: '2.1.2',
    integrity: 'sha512-Btj2BOOO83o3WyH59e8MgXsxEQVcarkUOpEYrubB0urwnN10yQ364rsiByU11nZlqWYZm05i/of7io4mzihBtQ==',
  },
}
