import { common, createLowlight } from 'lowlight';

// Loaded when the first code is shown: it is as large as the rest of the page.
const lowlight = createLowlight(common);

export type Tree = ReturnType<typeof lowlight.highlight>;

/** The code as a tree of classes; nothing for a language that it does not know. */
export function highlight(code: string, language: string): Tree | undefined {
  return lowlight.registered(language) ? lowlight.highlight(language, code) : undefined;
}
