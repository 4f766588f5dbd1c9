import type { Problem } from './protocol.ts';

/** Why a request never became an answer, or why the client gave up. `type` is for programs, `message` for people. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  /** As in HTTP; 0 where nothing was answered. */
  readonly code: number;
  /** The server's word, or `signed_out`, `closed`. */
  readonly type: string;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor({ code, type, message, param, retry_after }: Problem) {
    super(message);
    this.code = code;
    this.type = type ?? 'error';
    this.param = param ?? undefined;
    this.retryAfterMs = retry_after === undefined ? undefined : retry_after * 1000;
  }
}

/** Thrown by a `ticket` callback when there are no good credentials: the client stops until `connect()`. */
export class CredentialsRefused extends Error {
  override readonly name = 'CredentialsRefused';
}

export const signedOut = (): SluiceError =>
  new SluiceError({ code: 401, type: 'signed_out', message: 'the session is over; sign in again' });

export const clientClosed = (): SluiceError =>
  new SluiceError({ code: 0, type: 'closed', message: 'this client was closed' });
