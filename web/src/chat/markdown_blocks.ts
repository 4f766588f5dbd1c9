const fence = /^ {0,3}(`{3,}|~{3,})/;
const belongsToList = /^(\s|[-*+]\s|\d{1,9}[.)]\s)/;
const definition = /^ {0,3}\[[^\]]+\]:/m;

/**
 * Cuts Markdown into blocks that mean the same alone as together, so that of a growing text only the last one has to
 * be read again. Cuts only at an empty line outside of code, before a line that cannot go on with a list.
 */
export function markdownBlocks(text: string): string[] {
  if (definition.test(text)) return [text]; // a reference may be used before it is defined
  const blocks: string[] = [];
  let block = '';
  let openFence: string | undefined;
  let wasEmpty = false;
  for (const line of text.split(/(?<=\n)/)) {
    const isEmpty = line.trim() === '';
    if (!openFence && wasEmpty && !isEmpty && !belongsToList.test(line) && block.trim() !== '') {
      blocks.push(block);
      block = '';
    }
    const mark = fence.exec(line)?.[1];
    if (mark && !openFence) openFence = mark;
    else if (mark && openFence && mark[0] === openFence[0] && mark.length >= openFence.length && line.trim() === mark) {
      openFence = undefined;
    }
    block += line;
    wasEmpty = isEmpty;
  }
  if (block !== '') blocks.push(block);
  return blocks;
}
