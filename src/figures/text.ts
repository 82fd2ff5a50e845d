// How wide text is, how to shorten it, and how to keep labels apart: no browser measures text for us.

// Advance widths of DejaVu Sans for U+0020 to U+007E, in hundredths of the font size.
const WIDTHS = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34,
  34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73,
  68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63,
  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
];

/** Width of `text` in pixels in the figures' font; characters outside ASCII count as 0.7 em (wide ones 1 em). */
export function textWidth(text: string, fontSize: number): number {
  let hundredths = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    hundredths += WIDTHS[code - 32] ?? (code >= 0x1100 ? 100 : 70);
  }
  return (hundredths * fontSize) / 100;
}

/** `text`, or its beginning and end around an ellipsis so that it fits into `width` pixels. */
export function fitText(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  let characters = Array.from(text);
  // No figure has room for more; the search below is quadratic.
  if (characters.length > 400) characters = [...characters.slice(0, 200), ...characters.slice(-200)];
  // Names that share a prefix differ at the end, so both ends are kept.
  for (let kept = characters.length - 1; kept > 0; kept--) {
    const head = Math.ceil(kept / 2);
    const tail = kept - head;
    const short = `${characters.slice(0, head).join("")}…${tail === 0 ? "" : characters.slice(-tail).join("")}`;
    if (textWidth(short, fontSize) <= width) return short;
  }
  return "…";
}

/**
 * `text` broken at spaces into lines of at most `width` pixels; words too wide for a line, and what does not fit
 * into `most` lines, are shortened.
 */
export function wrapText(text: string, width: number, fontSize: number, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)!} ${word}`;
    if (lines.length === 0) lines.push(longer);
    else if (lines.length === most || textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => fitText(line, width, fontSize));
}

/**
 * Positions as near as possible to the wanted ones, in the same order, at least `gap` apart and inside
 * [low, high]. A gap per label is that label's height: neighbours keep half of each apart. When they cannot all
 * fit, they are spread evenly (and then closer than `gap`). O(n log n).
 *
 * This is isotonic least squares on wanted_i minus the distances before i (pool adjacent violators).
 */
export function spread(
  wanted: readonly number[],
  gap: number | readonly number[],
  low: number,
  high: number,
): number[] {
  const n = wanted.length;
  if (n === 0) return [];
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  const height = (rank: number): number => (typeof gap === "number" ? gap : gap[order[rank]!]!);
  const offsets = [0];
  for (let rank = 1; rank < n; rank++) {
    offsets.push(offsets[rank - 1]! + (height(rank - 1) + height(rank)) / 2);
  }
  const squeeze = Math.min(1, (high - low) / (offsets[n - 1]! || 1));
  for (let rank = 0; rank < n; rank++) offsets[rank]! *= squeeze;
  const blocks: { sum: number; count: number }[] = [];
  for (const [rank, index] of order.entries()) {
    let block = { sum: wanted[index]! - offsets[rank]!, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count >= block.sum / block.count;) {
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
      last = blocks.at(-1);
    }
    blocks.push(block);
  }
  const result = new Array<number>(n).fill(0);
  let rank = 0;
  for (const block of blocks) {
    const shifted = Math.min(high - offsets[n - 1]!, Math.max(low, block.sum / block.count));
    for (let k = 0; k < block.count; k++, rank++) result[order[rank]!] = shifted + offsets[rank]!;
  }
  return result;
}
