// Which colour and dash a group, series or overlay has in the figures of the sharpness gap.
import { COLOURS, INK, REFERENCE_INK } from "../palette.ts";
import type { TraceStyle } from "../palette.ts";
import type { OverlayCurve } from "./types.ts";

/** Gradient descent: black and dashed everywhere. */
export const GD: TraceStyle = { colour: "#000000", dash: "6 3" };

/** Colours without black, which belongs to gradient descent. */
const HUES = COLOURS.filter((colour) => colour !== GD.colour);
/** Dashes of the second and further rounds through the colours: a noisy curve is best drawn solid. */
const ROUNDS: readonly string[] = ["", "8 2.5", "3 2"];

/** Style of the `index`-th stochastic group. */
export function hue(index: number): TraceStyle {
  return {
    colour: HUES[index % HUES.length]!,
    dash: ROUNDS[Math.floor(index / HUES.length) % ROUNDS.length]!,
  };
}

/** Style of every label, the same wherever it appears: `gd` ones black, the others in order of appearance. */
export function stylesByLabel(
  items: readonly { readonly label: string; readonly kind: string }[],
): ReadonlyMap<string, TraceStyle> {
  const styles = new Map<string, TraceStyle>();
  let next = 0;
  for (const { label, kind } of items) {
    const key = styleKey(label, kind);
    if (!styles.has(key)) styles.set(key, kind === "gd" ? GD : hue(next++));
  }
  return styles;
}

/** Key of a label in {@link stylesByLabel}. */
export function styleKey(label: string, kind: string): string {
  return `${kind} ${label}`;
}

/**
 * Styles of overlaid curves: fits in the colour of the points they were fitted to, the first solid, theory dashed in colours of
 * its own after the `taken` ones, slopes dotted in ink, the paper's curves dash-dotted in grey.
 */
export function overlayStyles(curves: readonly OverlayCurve[], taken: number): TraceStyle[] {
  let next = taken;
  let fits = 0;
  return curves.map(({ style }) => {
    if (style === "fit") return { colour: hue(0).colour, dash: ROUNDS[fits++ % ROUNDS.length]! };
    if (style === "slope") return { colour: INK, dash: "1.5 3" };
    if (style === "paper") return { colour: REFERENCE_INK, dash: "9 2.5 2.5 2.5" };
    return { colour: hue(next++).colour, dash: "6 3" };
  });
}
