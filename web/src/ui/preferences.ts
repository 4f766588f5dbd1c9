// What this browser keeps of its user: choices and drafts, nothing secret.

const prefix = 'sluice.';

/** Keeps a value in this browser; where there is no storage, nothing is kept. */
export function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined || value === '') localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, value);
  } catch {
    // private mode, or full
  }
}

export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(prefix + name) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Forgets everything whose name begins so. */
export function forget(begin: string): void {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(prefix + begin)) localStorage.removeItem(name);
    }
  } catch {
    // there was nothing
  }
}
