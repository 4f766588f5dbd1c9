/**
 * The address to go on to, if it is one of this page, else its beginning: whoever sends a link here must not send
 * people on from here. It is read as a browser reads it, to whom `/\example.com` is another host.
 */
export function safeNext(next: string | undefined, origin: string = location.origin): string {
  if (!next?.startsWith('/') || !URL.canParse(next, origin)) return '/';
  const { origin: there, pathname, search, hash } = new URL(next, origin);
  return there === origin && !pathname.startsWith('//') ? pathname + search + hash : '/';
}
