// What every figure takes and gives.
import type { XAxis } from "./lines.ts";
import type { Row } from "./rows.ts";

/** Options all figures share. `document` is the page's in a browser, a server-side one elsewhere. */
export interface FigureOptions {
  readonly document: Document;
  /** Horizontal axis; default `step`. */
  readonly x?: XAxis;
  /** Width in pixels, default 640. */
  readonly width?: number;
  /** Least height in pixels, default 400; many labels or notes make it taller. */
  readonly height?: number;
  /** Start of the ids inside the SVG, for pages with several; default the figure's name. */
  readonly idPrefix?: string;
}

/** A drawn figure with the data behind it. */
export interface Figure {
  /** File name without extension: `loss`, `sharpness`… */
  readonly name: string;
  readonly title: string;
  /** What it shows, in words, for readers who cannot see it. Also inside the SVG. */
  readonly alt: string;
  /** Standalone SVG, white background, no scripts, no external references. */
  readonly svg: string;
  /** Every value behind the drawing, before thinning for the screen. */
  readonly rows: readonly Row[];
}
