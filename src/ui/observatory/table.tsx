// The run table: an eye, a colour and the chosen columns per run; sorted; only rows on screen exist.
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { formatNumber } from "../../figures/ticks.ts";
import type { RunEntry } from "../../record/serve-api.ts";
import { chartGroup } from "../kit/chart.tsx";
import { Swatch } from "../kit/chart/legend.tsx";
import { parseDash } from "../kit/chart/lines.ts";
import { dark, onBackground } from "../kit/theme.tsx";
import { isShown, showAll, showOnly, toggle } from "./eyes.ts";
import { fieldOf, showField } from "./run-fields.ts";
import type { PageState } from "./settings.ts";
import { sortRuns } from "./sort-runs.ts";
import { paintNext } from "./traces.ts";
import type { RunTrace } from "./traces.ts";
import { CHART_GROUP } from "./wall.tsx";

/** Height of a row in pixels; the style sheet has the same. */
const ROW = 30;
/** Rows drawn beyond those on screen, on either side. */
const SPARE = 8;

export function RunTable({
  state,
  runs,
  traces,
}: {
  readonly state: PageState;
  /** Those that pass the filter. */
  readonly runs: readonly RunEntry[];
  readonly traces: readonly RunTrace[];
}): JSX.Element {
  const { columns, sort, eyes } = state.signals;
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  useEffect(() => {
    if (scroller.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => (height.value = entry?.contentRect.height ?? 600));
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);

  const traceOf = useMemo(
    () => new Map(traces.flatMap((trace) => trace.runs.map((run) => [run.id, trace] as const))),
    [traces],
  );
  const sorted = useMemo(() => sortRuns(runs, sort.value), [runs, sort.value]);
  const first = Math.max(0, Math.floor(top.value / ROW) - SPARE);
  const last = Math.min(sorted.length, Math.ceil((top.value + height.value) / ROW) + SPARE);
  const shownAll = runs.every(({ id }) => isShown(eyes.value, id));
  const width = columns.value.length + 2;

  return (
    <div class="runs-scroll" ref={scroller} onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
      <table class="runs" aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            <th class="runs-eye">
              <button
                type="button"
                class="quiet"
                aria-pressed={shownAll}
                aria-label={shownAll ? "Hide all runs" : "Show all runs"}
                title={shownAll ? "Hide all" : "Show all"}
                onClick={() => (eyes.value = shownAll ? showOnly([]) : showAll())}
              >
                {shownAll ? "●" : "○"}
              </button>
            </th>
            <SortHeader field="id" label="run" state={state} />
            {columns.value.map((field) => (
              <SortHeader key={field} field={field} label={field} state={state} />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 ? (
            <tr class="runs-gap" style={{ height: `${first * ROW}px` }} aria-hidden="true" />
          ) : null}
          {sorted.slice(first, last).map((run, i) => (
            <Row key={run.id} run={run} trace={traceOf.get(run.id)} index={first + i + 2} state={state} />
          ))}
          {last < sorted.length ? (
            <tr class="runs-gap" style={{ height: `${(sorted.length - last) * ROW}px` }} aria-hidden="true" />
          ) : null}
          {sorted.length === 0 ? (
            <tr>
              <td colSpan={width} class="muted">
                No run passes the filter.
              </td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </div>
  );
}

/** A run's row. What hovering changes is drawn anew in the rows concerned only. */
function Row({
  run,
  trace,
  index,
  state,
}: {
  readonly run: RunEntry;
  readonly trace: RunTrace | undefined;
  readonly index: number;
  readonly state: PageState;
}): JSX.Element {
  const { columns, eyes, paint, run: opened } = state.signals;
  const { hovered } = chartGroup(CHART_GROUP);
  const owner = trace?.owner;
  const pointedAt = useComputed(() => owner !== undefined && hovered.value === owner).value;
  const shown = isShown(eyes.value, run.id);
  return (
    <tr
      aria-rowindex={index}
      class={`${pointedAt ? "hovered" : ""} ${shown ? "" : "off"}`}
      onPointerEnter={() => (hovered.value = owner ?? null)}
      onPointerLeave={() => (hovered.value = null)}
    >
      <td class="runs-eye">
        <button
          type="button"
          class="quiet"
          aria-pressed={shown}
          aria-label={`Draw ${run.id}`}
          title="Draw or hide; double-click: only this one"
          onClick={() => (eyes.value = toggle(eyes.value, run.id))}
          onDblClick={() => (eyes.value = showOnly([run.id]))}
        >
          {shown ? "●" : "○"}
        </button>
      </td>
      <td>
        <div class="runs-name">
          {trace === undefined ? null : (
            <button
              type="button"
              class="quiet swatch-button"
              title="Next colour"
              aria-label={`Another colour for ${run.id}`}
              onClick={() => (paint.value = paintNext(paint.value, trace.owner, trace.colour))}
            >
              <Swatch colour={onBackground(trace.colour, dark.value)} dash={parseDash(trace.dash)} />
            </button>
          )}
          <button type="button" class="link" title={run.id} onClick={() => (opened.value = run.id)}>
            {run.id}
          </button>
        </div>
      </td>
      {columns.value.map((field) => (
        <Cell key={field} run={run} field={field} />
      ))}
    </tr>
  );
}

function SortHeader({
  field,
  label,
  state,
}: {
  readonly field: string;
  readonly label: string;
  readonly state: PageState;
}): JSX.Element {
  const { sort } = state.signals;
  const direction = sort.value === field ? "ascending" : sort.value === `-${field}` ? "descending" : "none";
  const next = direction === "none" ? field : direction === "ascending" ? `-${field}` : "";
  return (
    <th aria-sort={direction} title={label}>
      <button type="button" class="quiet" onClick={() => (sort.value = next)}>
        {label.replace(/^optimizer\./, "")}
        {direction === "none" ? "" : direction === "ascending" ? " ↑" : " ↓"}
      </button>
    </th>
  );
}

function Cell({ run, field }: { readonly run: RunEntry; readonly field: string }): JSX.Element {
  const value = fieldOf(run, field);
  if (field === "status") return <StatusCell run={run} />;
  const numeric = typeof value === "number";
  // A setting is shown as it was set, a statistic to four digits.
  const shown = numeric && !(field in run.config) ? shortNumber(value) : showField(value);
  const undefinedStatistic = value === null && /^(?:last|min|max)\./.test(field);
  return (
    <td class={numeric ? "number" : ""} title={showField(value)}>
      {undefinedStatistic ? "not finite" : shown}
    </td>
  );
}

/** Whole numbers in full, others to four digits; all digits are in the title. */
function shortNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? value.toLocaleString("en") : formatNumber(value);
}

function StatusCell({ run }: { readonly run: RunEntry }): JSX.Element {
  const { status, step, steps, problem } = run;
  const share =
    status === "running" && steps !== null && steps > 0 ? ` ${Math.floor((100 * step) / steps)} %` : "";
  return (
    <td
      class={`run-status run-status-${status.replace(" ", "-")}`}
      title={problem ?? `step ${step}${steps === null ? "" : ` of ${steps}`}`}
    >
      {status}
      {share}
    </td>
  );
}
