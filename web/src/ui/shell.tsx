import { createContext, useContext } from 'react';

/** The frame around the pages: on a phone the list of conversations is a drawer. */
export interface Shell {
  isDrawerOpen: boolean;
  setDrawerOpen: (open: boolean) => void;
}

export const ShellContext = createContext<Shell>({ isDrawerOpen: false, setDrawerOpen: () => {} });
export const useShell = (): Shell => useContext(ShellContext);
