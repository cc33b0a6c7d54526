import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const contract = `apiVersion: v3.1.0
kind: DataContract
id: bench
name: One hundred rows
version: 1.0.0
status: active
schema:
  - name: rows
    logicalType: object
    physicalType: table
    quality:
      - { id: all-rows, metric: rowCount, mustBe: 100 }
    properties:
      - { name: id, logicalType: string, required: true, unique: true }
      - { name: amount, logicalType: number, required: true, logicalTypeOptions: { minimum: 0, maximum: 500 } }
      - { name: age, logicalType: integer, required: true, logicalTypeOptions: { minimum: 18, maximum: 120 } }
      - name: country
        logicalType: string
        required: true
        quality:
          - { id: known-countries, metric: invalidValues, arguments: { validValues: [CH, DE, FR] }, mustBe: 0 }
      - name: label
        logicalType: integer
        required: true
        quality:
          - { id: label-is-binary, metric: invalidValues, arguments: { validValues: [0, 1] }, mustBe: 0 }
`

const settings = `models:
  bench:
    test-data: rows.csv
    validate-data:
      data: rows.csv
      contract: contract.yaml
    evaluate-gate:
      candidate: candidate.csv
      baseline: baseline.csv
      policy:
        - { metric: roc_auc, min: 0.6, max-loss: 0.2 }
`

/** Writes one hundred rows, two models' scores of them, and a contract and a policy that they meet; always the same. */
export function writeRows(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const random = randomFrom(7)
  const tables = { rows: ['id,amount,age,country,label'], candidate: ['id,score'], baseline: ['id,score'] }
  for (let row = 1; row <= 100; row += 1) {
    const label = random() < 0.5 ? 1 : 0
    const [amount, age] = [(random() * 500).toFixed(2), 18 + Math.floor(random() * 60)]
    const score = (skill: number): string =>
      Math.min(0.99, Math.max(0.01, 0.5 + (label - 0.5) * skill + (random() - 0.5) * 0.8)).toFixed(4)
    tables.rows.push(`r${row},${amount},${age},${['CH', 'DE', 'FR'][row % 3]},${label}`)
    tables.candidate.push(`r${row},${score(0.6)}`)
    tables.baseline.push(`r${row},${score(0.4)}`)
  }
  for (const [name, lines] of Object.entries(tables))
    writeFileSync(join(folder, `${name}.csv`), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, 'contract.yaml'), contract)
  writeFileSync(join(folder, 'headgate.yml'), settings)
}

/** A linear congruential generator with the constants of Numerical Recipes. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32
    return state / 2 ** 32
  }
}
