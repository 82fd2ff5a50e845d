// Subscripts and superscripts in a drawing's texts: S_eq, λ_max, b^−1.27.
import { append } from "./annotations.ts";

/**
 * A lone letter with an underscore and up to three letters or digits (names of files and settings have longer
 * words before their underscores), or a power with a plain number. Each is base, then script.
 */
const SCRIPT = /(?<![\p{L}\d_])(\p{L})_(\p{L}{1,3}|\d{1,3})(?![\p{L}\d_])|\^([−-]?\d+(?:\.\d+)?)/gu;

/** Size of a script, and how far it is moved down or up, in units of the text around it. */
const SIZE = 0.75;
const DOWN = 0.22;
const UP = -0.38;

interface Piece {
  readonly text: string;
  /** Distance from the baseline, in units of the surrounding font size. */
  readonly shift: number;
}

/** Sets the scripts in every text of a drawing, in place. */
export function typesetScripts(document: Document, svg: Element): void {
  for (const element of svg.querySelectorAll("text, tspan")) {
    const child = element.firstChild;
    if (child?.nodeType !== 3) continue;
    const pieces = scripts(child.nodeValue ?? "");
    if (pieces.length < 2) continue;
    const after = [...element.childNodes].slice(1);
    while (element.firstChild !== null) element.removeChild(element.firstChild);
    let level = 0;
    for (const { text, shift } of pieces) {
      const move = shift - level;
      level = shift;
      if (move === 0) element.appendChild(document.createTextNode(text));
      else {
        // Distances count in the piece's own font size.
        const size = shift === 0 ? 1 : SIZE;
        const dy = `${Number((move / size).toFixed(3))}em`;
        append(document, element, "tspan", {
          dy,
          ...(size === 1 ? {} : { "font-size": `${SIZE}em` }),
        }).textContent = text;
      }
    }
    for (const node of after) element.appendChild(node);
  }
}

/** The text cut into pieces on and off the baseline. */
function scripts(text: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = "";
  let end = 0;
  for (const match of text.matchAll(SCRIPT)) {
    const [whole, base, subscript, power] = match;
    plain += text.slice(end, match.index) + (base ?? "");
    if (plain !== "") pieces.push({ text: plain, shift: 0 });
    pieces.push(subscript === undefined ? { text: power!, shift: UP } : { text: subscript, shift: DOWN });
    plain = "";
    end = match.index + whole.length;
  }
  plain += text.slice(end);
  if (plain !== "") pieces.push({ text: plain, shift: 0 });
  return pieces;
}
