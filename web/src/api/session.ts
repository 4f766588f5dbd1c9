import { forget } from '../ui/preferences.ts';
import { ApiError, call, Unreachable, type Call } from './http.ts';

export interface User {
  username: string;
  role: string;
}

export type SessionState =
  | { name: 'unknown' }
  | { name: 'unreachable' }
  | { name: 'signed_out'; why?: 'ended' }
  | { name: 'signed_in'; user: User };

interface Login {
  token: string;
  username: string;
  role: string;
  expires_at: string;
}

// An access token that runs out within this is not used any more.
const marginMs = 30_000;
const retryMs = 3_000;

/**
 * Who is signed in. The access token is held here and nowhere else; the refresh token is a cookie that no script can
 * read. Windows of one browser share the cookie, so they refresh one after another and tell each other of an end.
 */
export class Session {
  state: SessionState = { name: 'unknown' };
  #token: string | undefined;
  #expiresAt = 0;
  #refreshing: Promise<string> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #windows = new BroadcastChannel('sluice.session');

  constructor() {
    this.#windows.onmessage = ({ data }: MessageEvent) => {
      if (data === 'signed_out') this.#leave('ended');
      if (data === 'signed_in' && this.state.name === 'signed_out') void this.begin();
    };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Calls back when whoever was signed in no longer is: signed out, or another user has taken the place. */
  onTurnover(listener: () => void): void {
    let before: string | undefined;
    this.subscribe(() => {
      const { state } = this;
      if (state.name !== 'signed_in' && state.name !== 'signed_out') return;
      const now = state.name === 'signed_in' ? state.user.username : undefined;
      const isOver = before !== undefined && now !== before;
      before = now;
      if (isOver) listener();
    });
  }

  /** Finds out from the cookie whether somebody is signed in; tries again until the server has answered. */
  async begin(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (!(error instanceof Unreachable)) return;
      this.#enter({ name: 'unreachable' });
      const again = (): void => {
        clearTimeout(timer);
        removeEventListener('online', again);
        void this.begin();
      };
      const timer = setTimeout(again, retryMs);
      addEventListener('online', again);
    }
  }

  async signIn(username: string, password: string): Promise<void> {
    this.#take(await call<Login>('/login', { method: 'POST', body: { username, password } }));
    this.#windows.postMessage('signed_in');
  }

  async register(username: string, password: string): Promise<void> {
    await call('/register', { method: 'POST', body: { username, password } });
    await this.signIn(username, password);
  }

  async signOut({ everywhere = false } = {}): Promise<void> {
    await this.call(everywhere ? '/v1/auth/logout-all' : '/v1/auth/logout', { method: 'POST' });
    forget('draft.'); // the next one at this browser may be somebody else
    this.#leave();
    this.#windows.postMessage('signed_out');
  }

  /** A call in the user's name. A token that the server no longer takes is replaced once. */
  async call<T>(path: string, options: Call = {}): Promise<T> {
    const bearer = await this.accessToken();
    try {
      return await call<T>(path, { ...options, bearer });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const renewed = this.#token !== undefined && this.#token !== bearer ? this.#token : await this.refresh();
      return call<T>(path, { ...options, bearer: renewed });
    }
  }

  async accessToken(): Promise<string> {
    const isGood = this.#token !== undefined && Date.now() < this.#expiresAt - marginMs;
    return isGood ? this.#token! : this.refresh();
  }

  /** A new access token, by the cookie. Throws 401 once there is no session any more. */
  refresh(): Promise<string> {
    this.#refreshing ??= this.#refreshInTurn().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  // A refresh token is good for one use; a second one ends the session. So no two windows may use it at once. Browsers
  // have locks only on pages that came over TLS or from this machine.
  async #refreshInTurn(): Promise<string> {
    const ask = (): Promise<Login> => call<Login>('/v1/auth/refresh', { method: 'POST', keepalive: true });
    try {
      const login = navigator.locks ? await navigator.locks.request('sluice.refresh', ask) : await ask();
      this.#take(login as Login);
      return (login as Login).token;
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 404) this.#leave('ended');
      else if (this.state.name === 'unknown' && error instanceof ApiError) throw new Unreachable();
      throw error;
    }
  }

  #take({ token, username, role, expires_at }: Login): void {
    this.#token = token;
    this.#expiresAt = Date.parse(expires_at);
    const { state } = this;
    if (state.name === 'signed_in' && state.user.username === username && state.user.role === role) return;
    this.#enter({ name: 'signed_in', user: { username, role } });
  }

  #leave(why?: 'ended'): void {
    this.#token = undefined;
    if (this.state.name === 'signed_out') return;
    this.#enter(this.state.name === 'signed_in' ? { name: 'signed_out', why } : { name: 'signed_out' });
  }

  #enter(state: SessionState): void {
    this.state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
