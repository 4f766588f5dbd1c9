// Nothing in these tests sleeps: they await events, and every wait has a deadline that says what was missing.

export const patienceMs = 10_000;

export class DeadlineExceeded extends Error {}

/** Settles as `promise` does, or rejects after `ms` with a message that names what never came. */
export async function within<T>(what: string, promise: Promise<T>, ms: number = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** A promise with its two ends in the caller's hands. */
export interface Signal<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
}

export function signal<T = void>(): Signal<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => {}); // whoever awaits it still sees the rejection; nobody awaiting it is not an accident
  return { promise, resolve, reject };
}
