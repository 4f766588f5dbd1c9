/** Reads a response's events as they stand on the wire: for what SDKs hide. Throws if the body is cut off. */
export async function readEvents(response: Response): Promise<string[]> {
  const events: string[] = [];
  for (const block of (await response.text()).split(/\r?\n\r?\n/)) {
    const data = block
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).replace(/^ /, ''));
    if (data.length > 0) events.push(data.join('\n'));
  }
  return events;
}

/** The events that end a stream of chat completions: `[DONE]`, or an error. */
export function terminalEvents(events: string[]): string[] {
  return events.filter((data) => data === '[DONE]' || 'error' in JSON.parse(data));
}
