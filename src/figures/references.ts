// Horizontal lines at values with a meaning, such as 2/η, and their labels.
import * as Plot from "@observablehq/plot";
import type { Markish } from "@observablehq/plot";
import type { ChartLabel } from "./annotations.ts";
import { REFERENCE_DASH, REFERENCE_INK } from "./palette.ts";

/** A horizontal line at a value with a meaning, such as 2/η. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

/** One dashed line per reference, across the whole panel. */
export function referenceMarks(references: readonly Reference[]): Markish[] {
  return references.map(({ value }) =>
    Plot.ruleY([value], { stroke: REFERENCE_INK, strokeWidth: 1.2, strokeDasharray: REFERENCE_DASH }),
  );
}

/** The labels of reference lines. */
export function referenceLabels(references: readonly Reference[]): ChartLabel[] {
  return references.map(({ value, label }) => ({
    text: label,
    value,
    reachesEdge: true,
    style: { colour: REFERENCE_INK, dash: REFERENCE_DASH },
  }));
}
