// Before the first paint, so that nobody who chose a theme sees the other one flash by. See src/ui/theme.ts.
try {
  const theme = localStorage.getItem('sluice.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // no storage: the system's theme it is
}
