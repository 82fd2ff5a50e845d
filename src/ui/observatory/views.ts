// How each chart is looked at, short enough for the address: `loss:nly-s0.9` is the loss, not logarithmic, smoothed.
import { DEFAULT_VIEW } from "../kit/chart/types.ts";
import type { ChartView } from "../kit/chart/types.ts";

const FLAGS = [
  ["lx", "logX"],
  ["ly", "logY"],
  ["env", "envelope"],
  ["eo", "evenOdd"],
  ["cap", "capped"],
  ["sd", "bands"],
] as const satisfies readonly (readonly [string, keyof ChartView])[];

/** The list with the view of one chart put in; nothing is kept of a view that is the chart's default. */
export function withView(
  views: readonly string[],
  chart: string,
  view: ChartView,
  start: Partial<ChartView>,
): string[] {
  const base = { ...DEFAULT_VIEW, ...start };
  const parts = FLAGS.flatMap(([code, key]) =>
    view[key] === base[key] ? [] : [view[key] ? code : `n${code}`],
  );
  if (view.smoothing !== base.smoothing) parts.push(`s${view.smoothing}`);
  const others = views.filter((each) => !each.startsWith(`${chart}:`));
  return parts.length === 0 ? others : [...others, `${chart}:${parts.join("-")}`];
}

/** The view of a chart; what cannot be read is as if it were not there. */
export function viewOf(views: readonly string[], chart: string, start: Partial<ChartView>): ChartView {
  const text = views.find((each) => each.startsWith(`${chart}:`))?.slice(chart.length + 1) ?? "";
  const view: { -readonly [K in keyof ChartView]: ChartView[K] } = { ...DEFAULT_VIEW, ...start };
  for (const part of text.split("-")) {
    const smoothing = /^s(0(?:\.\d+)?)$/.exec(part)?.[1];
    if (smoothing !== undefined) view.smoothing = Math.min(0.999, Number(smoothing));
    for (const [code, key] of FLAGS) {
      if (part === code) view[key] = true;
      if (part === `n${code}`) view[key] = false;
    }
  }
  return view;
}
