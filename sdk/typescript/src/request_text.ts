import { SluiceError } from './errors.ts';

/**
 * JSON as servers take it. Halves of surrogate pairs, which JSON.stringify writes as escapes and strict parsers refuse,
 * become U+FFFD. Throws for what JSON cannot say: cycles, BigInt, nesting without end.
 */
export function writeJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes('\\ud')) return text;
  return text.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)/g, (escape, half?: string) => (half ? '\ufffd' : escape));
}

const quote = 0x22;
const backslash = 0x5c;

/** How deep arrays and objects nest in a text that is JSON. */
export function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < json.length; ++at) {
    const unit = json.charCodeAt(at);
    if (unit === quote) isInString = !isInString;
    else if (isInString) at += Number(unit === backslash);
    else if (unit === 0x5b || unit === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (unit === 0x5d || unit === 0x7d) --depth;
  }
  return deepest;
}

/** Why the server would not take this frame, as far as it has told its `limits`: in its own words, without asking. */
export function refusalOf(frame: string, limits: Readonly<Record<string, number>>): SluiceError | undefined {
  const { message_bytes: bytesMax = Infinity, json_depth: depthMax = Infinity } = limits;
  // A unit of UTF-16 is at most three bytes of UTF-8: mostly there is nothing to count.
  const bytes = frame.length * 3 > bytesMax ? new TextEncoder().encode(frame).length : 0;
  if (bytes > bytesMax) {
    const [has, takes] = [bytes, bytesMax].map((number) => number.toLocaleString('en'));
    return tooLarge(`the message is too long: it has ${has} bytes, and the server takes ${takes} at the most`);
  }
  if (depthOf(frame) <= depthMax) return undefined;
  return invalid(`the request is nested deeper than the ${depthMax} levels that the server takes`);
}

export const tooLarge = (message: string): SluiceError => new SluiceError({ code: 413, type: 'too_large', message });

export const invalid = (message: string): SluiceError =>
  new SluiceError({ code: 400, type: 'invalid_argument', message });
