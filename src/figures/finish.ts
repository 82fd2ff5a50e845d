// The last step of every figure: background, font and description, and the SVG as a standalone string.
import type { Figure, FigureOptions } from "./figure.ts";
import { FONT_FAMILY, FONT_SIZE, INK, PAPER } from "./palette.ts";
import type { Row } from "./rows.ts";
import { typesetScripts } from "./typeset.ts";
import { serializeSvg } from "./serialize.ts";

/** Turns a drawing into a figure: dresses the SVG element in place and serialises it. */
export function finishFigure(
  about: Pick<Figure, "name" | "title" | "alt">,
  svg: SVGSVGElement,
  rows: readonly Row[],
  options: FigureOptions,
): Figure {
  typesetScripts(options.document, svg);
  dress(options.document, svg, about.alt);
  return {
    name: about.name,
    title: about.title,
    alt: about.alt,
    svg: serializeSvg(svg, { idPrefix: options.idPrefix ?? about.name, ink: INK }),
    rows,
  };
}

/** Background, font and description; the drawing library's own are replaced so that the file stands alone. */
function dress(document: Document, svg: SVGSVGElement, alt: string): void {
  const create = (name: string): Element => document.createElementNS("http://www.w3.org/2000/svg", name);
  const paper = create("rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", PAPER);
  svg.insertBefore(paper, svg.firstChild);
  const title = create("title");
  title.textContent = alt;
  svg.insertBefore(title, paper);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", alt);
  svg.setAttribute("font-family", FONT_FAMILY);
  svg.setAttribute("font-size", String(FONT_SIZE));
  svg.setAttribute("fill", INK);
  svg.setAttribute("style", "max-width:100%;height:auto");
}
