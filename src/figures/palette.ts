// Colours, dashes and font of every figure, so that a reader learns them once.

/**
 * Okabe and Ito's colour-blind-safe palette, in the order runs take them: yellow is left out (illegible on
 * white) and black comes last (axes and reference lines are dark too). Source: M. Okabe & K. Ito, "Color
 * Universal Design", 2008.
 */
export const COLOURS: readonly string[] = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#000000",
];

/** Dash patterns in pixels. Four of them against seven colours: 28 runs before a combination repeats. */
export const DASHES: readonly string[] = ["", "9 3", "5 2.5", "9 2.5 2.5 2.5"];

/** Dots for values at the midpoint of consecutive iterates. */
export const MIDPOINT_DASH = "0.5 3.5";

/** Dash of reference lines such as 2/η. */
export const REFERENCE_DASH = "6 4";

export const INK = "#1f2328";
export const REFERENCE_INK = "#57606a";
export const PAPER = "#ffffff";

/** The shipped font first, so that figures look the same on screen and as PNG; the rest are near in width. */
export const FONT_FAMILY = "'DejaVu Sans', Verdana, Arial, sans-serif";
export const FONT_SIZE = 11;

/** How one run (or group of seeds) is drawn in every figure. */
export interface TraceStyle {
  readonly colour: string;
  readonly dash: string;
}

/** Style of the run at `index` among those overlaid. */
export function styleOf(index: number): TraceStyle {
  return { colour: COLOURS[index % COLOURS.length]!, dash: DASHES[index % DASHES.length]! };
}
