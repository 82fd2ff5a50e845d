// The observatory: header, filter, table, and the page chosen beside it.
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { chartGroup } from "../kit/chart.tsx";
import { CHART_KEYS } from "../kit/chart/toolbar.tsx";
import { CopyButton } from "../kit/copy.tsx";
import { shellCommand } from "../kit/shell.ts";
import { HelpButton, ShortcutHelp, useShortcuts } from "../kit/shortcuts.tsx";
import { ThemeButton } from "../kit/theme.tsx";
import { Nav } from "../nav.tsx";
import { ComparePage } from "./compare-page.tsx";
import { ColumnMenu, WallControls } from "./controls.tsx";
import { DetailPanel } from "./detail.tsx";
import type { DroppingClient } from "./drop.ts";
import { DropZone, OpenButton } from "./drop-zone.tsx";
import { isShown } from "./eyes.ts";
import { parseFilter } from "./filter.ts";
import { GapTab } from "./gap-tab.tsx";
import { NewRunDialog } from "./new-run.tsx";
import { fieldNames } from "./run-fields.ts";
import type { PageState } from "./settings.ts";
import { States } from "./states.tsx";
import type { Store } from "./store.ts";
import { RunTable } from "./table.tsx";
import { makeRunTraces } from "./traces.ts";
import { CHART_GROUP, Wall } from "./wall.tsx";

export interface AppProps {
  readonly store: Store;
  readonly state: PageState;
  readonly dropping: DroppingClient;
}

const TABS = [
  ["charts", "Charts"],
  ["gap", "Sharpness gap"],
  ["compare", "Configurations"],
] as const;

export function Observatory({ store, state, dropping }: AppProps): JSX.Element {
  const { tab, q, layout, hide, run: opened, eyes, colour, dash, panel, mean, paint } = state.signals;
  const starting = useSignal(false);
  useZoomInAddress(state);
  useKeys(state);

  const runs = store.runs.value;
  const fields = useMemo(() => fieldNames(runs ?? []), [runs]);
  const parsed = useMemo(() => parseFilter(q.value, fields), [q.value, fields]);
  const passing = useMemo(() => (runs ?? []).filter(parsed.filter ?? (() => true)), [runs, parsed]);
  const shown = useComputed(() => eyes.value).value;
  const traces = useMemo(() => {
    const drawn = new Set(passing.filter(({ id }) => isShown(shown, id)).map(({ id }) => id));
    const grouping = {
      colour: colour.value,
      dash: dash.value,
      panel: panel.value,
      mean: mean.value,
      paint: paint.value,
    };
    return makeRunTraces(runs ?? [], drawn, grouping);
  }, [runs, passing, shown, colour.value, dash.value, panel.value, mean.value, paint.value]);
  const detailed = runs?.find(({ id }) => id === opened.value);
  const controls = hide.value !== "controls";

  return (
    <>
      {controls ? (
        <Header
          store={store}
          state={state}
          start={() => (starting.value = true)}
          shown={traces.flatMap((trace) => trace.runs.map(({ id }) => id))}
        />
      ) : null}
      <States store={store} state={state} />
      {runs === null || runs.length === 0 ? null : (
        <div class={`observatory layout-${controls ? layout.value : "charts"}`}>
          {controls && layout.value !== "charts" ? (
            <section class="runs-side" aria-label="Runs">
              <div class="row wrap">
                <FilterBox state={state} problem={parsed.problem} />
                <p class="muted small spacer" aria-live="polite">
                  {passing.length} of {runs.length} runs,{" "}
                  {traces.reduce((total, trace) => total + trace.runs.length, 0)} drawn
                </p>
                <ColumnMenu state={state} runs={runs} fields={fields} />
                <OpenButton store={store} dropping={dropping} />
                <button
                  type="button"
                  aria-pressed={layout.value === "table"}
                  title="Give the table all the room"
                  onClick={() => (layout.value = layout.value === "table" ? "split" : "table")}
                >
                  wide
                </button>
              </div>
              <RunTable state={state} runs={passing} traces={traces} />
            </section>
          ) : null}
          {layout.value === "table" && controls ? null : (
            <main class="main-side">
              {detailed === undefined || !controls ? null : (
                <DetailPanel store={store} run={detailed} close={() => (opened.value = "")} />
              )}
              {tab.value === "charts" ? (
                <>
                  {controls ? <WallControls state={state} runs={passing} /> : null}
                  <Wall store={store} state={state} traces={traces} />
                </>
              ) : tab.value === "gap" ? (
                <GapTab store={store} />
              ) : (
                <ComparePage traces={traces} />
              )}
            </main>
          )}
        </div>
      )}
      <NewRunDialog store={store} open={starting.value} close={() => (starting.value = false)} />
      <DropZone store={store} dropping={dropping} />
      <ShortcutHelp />
    </>
  );
}

function Header({
  store,
  state,
  start,
  shown,
}: Omit<AppProps, "dropping"> & {
  readonly start: () => void;
  readonly shown: readonly string[];
}): JSX.Element {
  const { tab } = state.signals;
  const info = store.info.value;
  return (
    <header class="page-head">
      <h1>
        Brink <span class="muted">observatory</span>
      </h1>
      <nav aria-label="Views">
        {TABS.map(([name, label]) => (
          <button
            key={name}
            type="button"
            class="tab"
            aria-pressed={tab.value === name}
            onClick={() => (tab.value = name)}
          >
            {label}
          </button>
        ))}
      </nav>
      <Nav page="observatory" />
      <span class="spacer" />
      {info?.allowRuns === true ? (
        <button type="button" class="primary" onClick={start}>
          New experiment
        </button>
      ) : null}
      <CopyButton label="Copy link" text={() => state.link()} title="The address of this view" />
      <CopyButton
        label="Copy command"
        title="The command that reports on the runs drawn"
        text={() => shellCommand("brink", "report", ...shown)}
      />
      <ThemeButton />
      <HelpButton />
    </header>
  );
}

function FilterBox({
  state,
  problem,
}: {
  readonly state: PageState;
  readonly problem: string | null;
}): JSX.Element {
  const { q } = state.signals;
  return (
    <div class="filter">
      <input
        id="filter"
        type="search"
        placeholder="filter: words, or optimizer.lr = 0.01 and data.n > 500"
        aria-label="Filter runs"
        aria-invalid={problem !== null}
        aria-describedby="filter-problem"
        spellcheck={false}
        value={q.value}
        onInput={(event) => (q.value = event.currentTarget.value)}
      />
      <p id="filter-problem" class="field-problem" role="status">
        {problem ?? ""}
      </p>
    </div>
  );
}

/** The zoom all charts share, kept in the address. */
function useZoomInAddress(state: PageState): void {
  useEffect(() => {
    const { range } = chartGroup(CHART_GROUP);
    const { zoom, x } = state.signals;
    const [low, high] = zoom.value;
    if (low !== undefined && high !== undefined && low < high) range.value = [low, high];
    const stopWriting = range.subscribe((now) => {
      const next = now === null ? [] : now.map((end) => Number(end.toPrecision(6)));
      if (next.join() !== zoom.peek().join()) zoom.value = next;
    });
    const stopReading = zoom.subscribe(([from, to]) => {
      const now = range.peek();
      if (from === undefined || to === undefined || !(from < to)) range.value = null;
      else if (now === null || now.map((end) => Number(end.toPrecision(6))).join() !== [from, to].join())
        range.value = [from, to];
    });
    // A stretch of steps is none of seconds.
    let axis = x.peek();
    const stopAxis = x.subscribe((next) => {
      if (next !== axis) range.value = null;
      axis = next;
    });
    return () => {
      stopWriting();
      stopReading();
      stopAxis();
    };
  }, [state]);
}

function useKeys(state: PageState): void {
  const { tab, layout, mean } = state.signals;
  useShortcuts([
    {
      key: "/",
      does: "filter the runs",
      run: () => document.querySelector<HTMLInputElement>("#filter")?.focus(),
    },
    { key: "1", does: "charts", run: () => (tab.value = "charts") },
    { key: "2", does: "sharpness gap", run: () => (tab.value = "gap") },
    { key: "3", does: "configurations side by side", run: () => (tab.value = "compare") },
    { key: "m", does: "mean over seeds", run: () => (mean.value = !mean.value) },
    {
      key: "w",
      does: "table wide or beside the charts",
      run: () => (layout.value = layout.value === "split" ? "table" : "split"),
    },
    {
      key: "c",
      does: "charts wide or beside the table",
      run: () => (layout.value = layout.value === "charts" ? "split" : "charts"),
    },
    ...CHART_KEYS.map(({ key, does }) => ({ key, does, run: () => undefined })),
  ]);
}
