/** What the server said instead of what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly type: string;
  readonly param: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(
    status: number,
    message: string,
    { type = 'error', param, retryAfterS }: { type?: string; param?: string; retryAfterS?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.retryAfterS = retryAfterS;
  }
}

/** The server was not reached at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  constructor() {
    super('The server cannot be reached.');
  }
}

/** Whether trying again may help: what the server has refused stays refused. */
export const mayRetry = (count: number, error: unknown): boolean =>
  count < 3 && !(error instanceof ApiError && error.status < 500 && error.status !== 429);

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  bearer?: string;
  signal?: AbortSignal;
  /** Let it finish although the page goes away. */
  keepalive?: boolean;
}

const patienceMs = 30_000;

/** One HTTP call: JSON in, JSON out; 204 is `undefined`. Throws `ApiError` or `Unreachable`. */
export async function call<T>(
  path: string,
  { method = 'GET', body, bearer, signal, keepalive }: Call = {},
): Promise<T> {
  const headers = new Headers({ Accept: 'application/json' });
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  if (bearer !== undefined) headers.set('Authorization', `Bearer ${bearer}`);
  const deadline = AbortSignal.timeout(patienceMs);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      keepalive,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable();
  }
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const retryAfterS = Number(response.headers.get('Retry-After')) || undefined;
  try {
    const { error } = (await response.json()) as { error: { type?: string; message: string; param?: string } };
    return new ApiError(response.status, sentence(error.message), { ...error, retryAfterS });
  } catch {
    return new ApiError(response.status, `The server answered with ${response.status}.`, { retryAfterS });
  }
}

/** Messages come in lower case and without a full stop, to be put into logs; people read sentences. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return trimmed;
  const end = /[.!?…:]$/.test(trimmed) ? '' : '.';
  return trimmed[0]!.toUpperCase() + trimmed.slice(1) + end;
}

/** The message of anything that was thrown, for people. */
export function messageOf(error: unknown): string {
  return sentence(error instanceof Error ? error.message : String(error));
}

/**
 * The same where it is about one field of a form, which has another name on the page than on the server:
 * "old_password: is wrong" of the field "Current password" is "Current password is wrong."
 */
export function messageAbout(label: string, error: unknown): string {
  const message = messageOf(error);
  const name = error instanceof ApiError ? error.param : undefined;
  if (name === undefined) return message;
  const begin = [`${name}: `, `"${name}" `].find((words) => message.toLowerCase().startsWith(words.toLowerCase()));
  return begin === undefined ? message : sentence(`${label} ${message.slice(begin.length)}`);
}
