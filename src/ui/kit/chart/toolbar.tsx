// A chart's controls: axes, smoothing, splits, cap, zoom, exports; and the same by keyboard.
import { signal } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { smoothingWindow } from "./columns.ts";
import type { ChartGroup } from "./group.ts";
import type { ChartView, Range } from "./types.ts";

/** Weights the smoothing key goes through. */
const WEIGHTS: readonly number[] = [0, 0.6, 0.9, 0.97];
export const MOST_SMOOTHING = 0.999;

export interface ToolbarProps {
  readonly view: ChartView;
  readonly setView: (change: Partial<ChartView>) => void;
  readonly hasCap: boolean;
  readonly cut: boolean;
  readonly zoomed: boolean;
  readonly resetZoom: () => void;
  readonly save: (format: "svg" | "png" | "csv") => Promise<void>;
}

export function Toolbar({ view, setView, hasCap, cut, zoomed, resetZoom, save }: ToolbarProps): JSX.Element {
  const [failure, setFailure] = useState<string | null>(null);
  const attempt = (format: "svg" | "png" | "csv"): void => {
    setFailure(null);
    save(format).catch((error: unknown) =>
      setFailure(error instanceof Error ? error.message : String(error)),
    );
  };
  const toggle = (
    key: "logX" | "logY" | "evenOdd" | "envelope" | "capped" | "bands",
    label: string,
    title: string,
  ) => (
    <button
      type="button"
      aria-pressed={view[key]}
      title={title}
      onClick={() => setView({ [key]: !view[key] })}
    >
      {label}
    </button>
  );
  return (
    <div class="chart-tools" role="toolbar" aria-label="Chart controls">
      {zoomed ? (
        <button type="button" title="Show everything (double-click, 0)" onClick={resetZoom}>
          zoom ×
        </button>
      ) : null}
      {hasCap && (cut || !view.capped)
        ? toggle(
            "capped",
            cut ? "cut" : "cap",
            "End the axis at three times the threshold; values above are cut",
          )
        : null}
      {toggle("logX", "log x", "Logarithmic horizontal axis (L)")}
      {toggle("logY", "log y", "Logarithmic vertical axis (l)")}
      <details class="menu">
        <summary title="Smoothing (s), even and odd steps, spreads">view</summary>
        <div class="menu-body">
          <label>
            smoothing
            <input
              type="range"
              min={0}
              max={1}
              step={0.01}
              value={toSlider(view.smoothing)}
              aria-valuetext={smoothingText(view.smoothing)}
              onInput={(event) => setView({ smoothing: fromSlider(Number(event.currentTarget.value)) })}
            />
          </label>
          <p class="muted">{smoothingText(view.smoothing)}</p>
          {toggle(
            "envelope",
            "envelope",
            "Under a smoothed line, shade the extremes instead of drawing the raw line faintly",
          )}
          {toggle(
            "evenOdd",
            "even / odd",
            "Even and odd steps as two lines: the period-two oscillation becomes visible",
          )}
          {toggle("bands", "spread", "Shade ± 1 standard deviation over seeds")}
        </div>
      </details>
      <details class="menu">
        <summary title="Save this chart">save</summary>
        <div class="menu-body">
          {(["svg", "png", "csv"] as const).map((format) => (
            <button key={format} type="button" onClick={() => attempt(format)}>
              {format.toUpperCase()}
            </button>
          ))}
        </div>
      </details>
      {failure === null ? null : (
        <p class="field-problem" role="alert">
          Saving failed: {failure}
        </p>
      )}
    </div>
  );
}

/** The slider is even in the logarithm of 1 − weight, where equal steps look equal. */
function toSlider(weight: number): number {
  return Math.log(1 - weight) / Math.log(1 - MOST_SMOOTHING);
}

function fromSlider(place: number): number {
  return place <= 0 ? 0 : Number((1 - (1 - MOST_SMOOTHING) ** place).toPrecision(4));
}

function smoothingText(weight: number): string {
  return weight === 0
    ? "off"
    : `moving average over about ${smoothingWindow(weight)} records, without start-up bias`;
}

/** The chart that keys go to: the one pointed at or focused last. */
const active = signal<HTMLElement | null>(null);

/** Handlers for a chart's element: arrows read values, `l` `L` `s` change the view, `+` `-` `0` zoom. */
export function useChartKeys(chart: {
  readonly figure: RefObject<HTMLElement | null>;
  readonly view: ChartView;
  readonly setView: (change: Partial<ChartView>) => void;
  readonly read: (by: number) => void;
  readonly range: Range;
  readonly group: ChartGroup;
}): { readonly onPointerEnter: () => void; readonly onFocusIn: () => void } {
  const { figure, view, setView, read, range, group } = chart;
  const zoomBy = (factor: number): void => {
    const place = (x: number): number => (view.logX ? Math.log(x) : x);
    const back = (x: number): number => (view.logX ? Math.exp(x) : x);
    const [low, high] = [place(range[0]), place(range[1])];
    const cursor = group.cursor.value;
    const centre = cursor === null ? (low + high) / 2 : place(cursor);
    group.range.value = [back(centre - (centre - low) * factor), back(centre + (high - centre) * factor)];
  };
  const actions: Readonly<Record<string, () => void>> = {
    l: () => setView({ logY: !view.logY }),
    L: () => setView({ logX: !view.logX }),
    s: () => setView({ smoothing: WEIGHTS.find((weight) => weight > view.smoothing) ?? 0 }),
    "+": () => zoomBy(0.5),
    "-": () => zoomBy(2),
    "0": () => (group.range.value = null),
    ArrowLeft: () => read(-1),
    ArrowRight: () => read(1),
    PageUp: () => read(-20),
    PageDown: () => read(20),
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || active.value !== figure.current) return;
      const focused = figure.current?.contains(document.activeElement) ?? false;
      // Arrows belong to the page unless the plot itself has the focus.
      const moves = event.key.startsWith("Arrow") || event.key.startsWith("Page");
      if (moves && !(focused && document.activeElement?.matches(".chart-stage") === true)) return;
      if (event.target instanceof Element && event.target.closest("input, textarea, select, dialog") !== null)
        return;
      const action = actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  const activate = (): void => {
    active.value = figure.current;
  };
  return { onPointerEnter: activate, onFocusIn: activate };
}

/** What the keys of charts do, for the keyboard map. */
export const CHART_KEYS: readonly { readonly key: string; readonly does: string }[] = [
  { key: "l", does: "logarithmic vertical axis of the chart pointed at" },
  { key: "L", does: "logarithmic horizontal axis" },
  { key: "s", does: "smoothing: off, light, medium, strong" },
  { key: "+ − 0", does: "zoom in, out, show everything" },
  { key: "← →", does: "move the cursor of the focused chart and read its values" },
];
