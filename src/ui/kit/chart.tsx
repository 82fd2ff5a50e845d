// The live chart: legend, toolbar, keyboard and screen-reader text around a plot.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Figure, FigureOptions } from "../../figures/figure.ts";
import { chartGroup } from "./chart/group.ts";
import { drawnLines, fullRange } from "./chart/lines.ts";
import { Legend } from "./chart/legend.tsx";
import { LivePlot } from "./chart/plot.ts";
import type { PlotInput } from "./chart/plot.ts";
import { Toolbar, useChartKeys } from "./chart/toolbar.tsx";
import { DEFAULT_VIEW } from "./chart/types.ts";
import type { ChartBracket, ChartMark, ChartReference, ChartSeries, ChartView } from "./chart/types.ts";
import { describeChart, describeReadings, readings, stepCursor } from "./chart/values.ts";
import { dark, onBackground } from "./theme.tsx";
import { useSize, useVisible } from "./chart/watch.ts";

export { chartGroup } from "./chart/group.ts";
export type { ChartGroup } from "./chart/group.ts";
export * from "./chart/types.ts";

export interface ChartProps {
  /** Short name: of the files exported, and the chart's id on the page. */
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly ChartSeries[];
  readonly references?: readonly ChartReference[];
  readonly marks?: readonly ChartMark[];
  readonly brackets?: readonly ChartBracket[];
  /** Where the vertical axis may end when the reader lets it. */
  readonly capAt?: number;
  readonly include?: readonly number[];
  /** Charts of one name share zoom, cursor and highlight; alone by default. */
  readonly group?: string;
  /** Where the view starts. */
  readonly view?: Partial<ChartView>;
  /** Controls the view from outside, with `onView`. */
  readonly controlled?: ChartView;
  readonly onView?: (view: ChartView) => void;
  /** Height of the plot in pixels, default 240. */
  readonly height?: number;
  /** The chart's figure where the command line has one; by default what is on the page is drawn. */
  readonly figure?: (options: FigureOptions) => Promise<Figure> | Figure;
  /** Sentence when there is nothing to draw. */
  readonly empty?: string;
}

/** Draws the series, live: give it new ones and the next frame shows them. Off-screen it draws nothing. */
export function Chart(props: ChartProps): JSX.Element {
  const { name, title, xLabel, yLabel, series, references = [], marks = [], brackets = [] } = props;
  const group = useMemo(() => chartGroup(props.group ?? `alone ${name}`), [props.group, name]);
  const own = useSignal<ChartView>({ ...DEFAULT_VIEW, ...props.view });
  const view = props.controlled ?? own.value;
  const setView = (change: Partial<ChartView>): void => {
    const next = { ...view, ...change };
    own.value = next;
    props.onView?.(next);
  };

  const figure = useRef<HTMLElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const plot = useRef<LivePlot | null>(null);
  const cut = useSignal(false);
  const spoken = useSignal("");
  const visible = useVisible(figure);
  const width = useSize(stage);
  const height = props.height ?? 240;

  const lines = useMemo(() => drawnLines(series, view), [series, view]);
  const isDark = dark.value;
  const zoom = group.range.value;
  const range = zoom ?? fullRange(series, view.logX);
  const empty = lines.every((line) => !line.ys.some(Number.isFinite));
  const input: PlotInput = {
    lines,
    references,
    marks,
    brackets,
    range: view.logX && range[0] <= 0 ? fullRange(series, true) : range,
    logX: view.logX,
    logY: view.logY,
    cap: view.capped ? props.capAt : undefined,
    include: props.include ?? [],
    ink: {
      colour: (colour) => onBackground(colour, isDark),
      text: isDark ? "#b6bec9" : "#57606a",
      paper: isDark ? "#14171b" : "#ffffff",
      grid: isDark ? "#ffffff1c" : "#0000001a",
      reference: isDark ? "#c3cad3" : "#57606a",
    },
  };

  useEffect(() => {
    if (stage.current === null || width === 0 || !visible || empty) return undefined;
    const live = new LivePlot(stage.current, { width, height }, input, {
      onZoom: (next) => (group.range.value = next),
      onCursor: (x, near) => {
        group.cursor.value = x;
        group.hovered.value = near?.series.owner ?? null;
      },
    });
    plot.current = live;
    const stopCursor = group.cursor.subscribe((x) => live.moveCursor(x));
    const stopHover = group.hovered.subscribe((owner) => live.highlight(owner));
    return () => {
      stopCursor();
      stopHover();
      live.destroy();
      plot.current = null;
    };
    // Axes are made anew when they change kind; all else goes through `update`.
  }, [visible, width, height, view.logX, view.logY, empty, group]);
  useEffect(() => {
    plot.current?.update(input);
    requestAnimationFrame(() => (cut.value = plot.current?.cut ?? false));
  });

  const read = (by: number): void => {
    const x = stepCursor(lines, group.cursor.value, by);
    group.cursor.value = x;
    if (x !== null) spoken.value = describeReadings(readings(lines, x), xLabel, group.hovered.value);
  };
  const keys = useChartKeys({ figure, view, setView, read, range: input.range, group });

  return (
    <figure class="chart" id={`chart-${name}`} ref={figure} {...keys}>
      <figcaption>
        <h3>{title}</h3>
        <Toolbar
          view={view}
          setView={setView}
          hasCap={props.capAt !== undefined}
          cut={cut.value}
          zoomed={zoom !== null}
          resetZoom={() => (group.range.value = null)}
          save={async (format) => {
            const { chartFigure, saveFigure } = await import("./chart/export.ts");
            const options = { document, idPrefix: name };
            const { cap, logY, range } = input;
            const alt = describeChart(title, props, lines);
            const drawn =
              props.figure ?? ((o) => chartFigure({ ...props, references, alt, lines, logY, cap, range }, o));
            await saveFigure(await drawn(options), format);
          }}
        />
      </figcaption>
      <p class="chart-axis chart-y">↑ {yLabel}</p>
      <div
        class="chart-stage"
        ref={stage}
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="img"
        aria-roledescription="chart"
        aria-label={describeChart(title, props, lines)}
        onPointerLeave={() => {
          group.cursor.value = null;
          group.hovered.value = null;
        }}
      >
        {empty ? <p class="chart-empty">{props.empty ?? "Nothing to draw yet."}</p> : null}
      </div>
      <p class="chart-axis chart-x">{xLabel} →</p>
      <Legend lines={lines} marks={marks} brackets={brackets} group={group} isDark={isDark} />
      <p class="hidden-text" aria-live="polite">
        {spoken.value}
      </p>
    </figure>
  );
}
