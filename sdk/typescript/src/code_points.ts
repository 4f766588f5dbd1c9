/** The first `count` code points of a text. Half of a surrogate pair on its own counts as one. */
export function firstCodePoints(text: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; --left) {
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return text.slice(0, at);
}
