const keyBytes = 16;

/** A key that nobody can guess. Unlike `crypto.randomUUID` this also works on pages that came without TLS. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(keyBytes));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
