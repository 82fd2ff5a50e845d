// What charts of one group share: zoom, cursor and highlighted owner.
import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { Range } from "./types.ts";

export interface ChartGroup {
  /** Zoomed stretch of the horizontal axis; null for everything. */
  readonly range: Signal<Range | null>;
  /** Where the cursor is on the horizontal axis; null when it is nowhere. */
  readonly cursor: Signal<number | null>;
  /** Owner (run) under the cursor, in whichever chart, table or legend. */
  readonly hovered: Signal<string | null>;
}

const groups = new Map<string, ChartGroup>();

/** The group of a name, made when first asked for. */
export function chartGroup(name: string): ChartGroup {
  let group = groups.get(name);
  if (group === undefined) {
    groups.set(name, (group = { range: signal(null), cursor: signal(null), hovered: signal(null) }));
  }
  return group;
}
