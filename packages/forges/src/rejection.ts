/** The forge refused a call for want of a right, or will not take it as it is. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
