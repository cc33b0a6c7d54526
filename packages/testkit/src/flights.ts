/** A row of held-out data, and what a good and a bad model say of it. */
export interface Flight {
  readonly id: string
  readonly late: number
  readonly origin: string
  readonly good: number
  readonly bad: number
}

/** The same flights whenever they are made: a linear congruential generator (Numerical Recipes). */
export function makeFlights(count: number): Flight[] {
  let state = 20130101
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, (_, i) => {
    const [good, truth, noise] = [next(), next(), next()]
    const origin = ['EWR', 'JFK', 'LGA'][i % 3] ?? ''
    return { id: `flight ${i}`, late: truth < good ? 1 : 0, origin, good, bad: 0.35 * good + 0.65 * noise }
  })
}

/** The rows with their labels, as CSV. */
export function labelledCsv(flights: readonly Flight[]): string {
  return ['id,late,origin', ...flights.map((row) => `${row.id},${row.late},${row.origin}`)].join('\n')
}

/** A model's scores and classes as CSV, in another order than the labelled rows. */
export function predictionCsv(flights: readonly Flight[], model: 'good' | 'bad'): string {
  const lines = flights.toReversed().map((row) => `${row[model]},${row.id},${row[model] >= 0.5 ? 1 : 0}`)
  return ['score,id,prediction', ...lines].join('\n')
}
