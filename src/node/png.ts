// SVG → PNG by resvg, with the font shipped in assets/ so that images are the same on every machine.
import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";
import { InputError } from "../math/index.ts";

/** The same relative place from src/node and from dist/node. */
const FONT = fileURLToPath(new URL("../../assets/fonts/DejaVuSans.ttf", import.meta.url));
const FAMILY = "DejaVu Sans";
const WIDEST = 16_384;

/** Options of {@link svgToPng}. */
export interface PngOptions {
  /** Width of the image in pixels; the height follows. Default: twice the SVG's own width. */
  readonly width?: number;
}

/**
 * Renders a standalone SVG on white and returns the bytes of a PNG. System fonts are not consulted: text in
 * any family is set in DejaVu Sans.
 *
 * @throws InputError when the text is not an SVG or the width is not usable
 */
export function svgToPng(svg: string, options: PngOptions = {}): Uint8Array<ArrayBuffer> {
  const { width } = options;
  if (width !== undefined && !(Number.isInteger(width) && width >= 1 && width <= WIDEST)) {
    throw new InputError("not a usable image width", {
      field: "width",
      received: String(width),
      allowed: `an integer from 1 to ${WIDEST}`,
    });
  }
  try {
    const image = new Resvg(svg, {
      background: "#ffffff",
      fitTo: width === undefined ? { mode: "zoom", value: 2 } : { mode: "width", value: width },
      font: {
        loadSystemFonts: false,
        fontFiles: [FONT],
        defaultFontFamily: FAMILY,
        sansSerifFamily: FAMILY,
        serifFamily: FAMILY,
        monospaceFamily: FAMILY,
      },
    });
    return new Uint8Array(image.render().asPng());
  } catch (error) {
    throw new InputError("cannot draw this SVG", {
      received: `${JSON.stringify(svg.slice(0, 60))}${svg.length > 60 ? "…" : ""}`,
      hint: error instanceof Error ? error.message : String(error),
    });
  }
}
