const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host’s name cannot be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'it cannot be reached',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped on its way',
  UND_ERR_SOCKET: 'the connection was closed on the way',
  ECONNRESET: 'the connection was closed on the way',
  EPIPE: 'the connection was closed on the way',
}

/** Why a connection failed, in words. */
export function reasonOf(error: unknown): string {
  const { code = '', message = 'for no known reason' } = (error ?? {}) as NodeJS.ErrnoException
  return causes[code] ?? message
}
