// What is drawn within each other: far more than anybody writes, far less than a browser's stack holds.
export const depthMax = 100;

// A line of one character more for each level, which costs nothing to write: seen before it costs anything to read.
const manyMarkers = new RegExp(`^(?:[ \\t]*(?:>|[-*+](?=[ \\t])|\\d{1,9}[.)](?=[ \\t]))){${depthMax / 2},}`, 'm');

/** Whether a line opens more quotes and lists than are drawn. */
export const opensTooMany = (text: string): boolean => manyMarkers.test(text);

export interface Tree {
  type: string;
  children?: Tree[];
}

/** How deeply a tree nests, however deep that is: its root alone is 1. */
export function depthOf(tree: Tree): number {
  let depth = 0;
  for (let level = [tree]; level.length > 0; ++depth) level = level.flatMap(({ children }) => children ?? []);
  return depth;
}
