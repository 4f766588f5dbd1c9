import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';
export const themes: Theme[] = ['system', 'light', 'dark'];

// public/theme.js reads the same key before the first paint.
const key = 'sluice.theme';
const listeners = new Set<() => void>();

const current = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? 'system';

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  keep(key, theme === 'system' ? undefined : theme);
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, current);
}

/** Keeps a preference in this browser; where there is no storage, until the page is left. Nothing secret goes here. */
export function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined || value === '') localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // private mode, or full
  }
}

export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}
