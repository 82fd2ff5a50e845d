// The wall of charts: one per chosen quantity and panel, all on one axis.
import { useComputed, useSignal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Chart } from "../kit/chart.tsx";
import { useVisible } from "../kit/chart/watch.ts";
import { Status } from "../kit/status.tsx";
import { chartData, neededSeries } from "./chart-data.ts";
import { commandFigure } from "./command-figure.ts";
import { quantityNamed } from "./quantities.ts";
import type { Quantity } from "./quantities.ts";
import type { PageState } from "./settings.ts";
import type { Store } from "./store.ts";
import type { RunTrace } from "./traces.ts";
import { viewOf, withView } from "./views.ts";
import { X_AXES } from "./x-axis.ts";

/** Name under which all charts of the page share zoom, cursor and highlight. */
export const CHART_GROUP = "observatory";

interface WallProps {
  readonly store: Store;
  readonly state: PageState;
  readonly traces: readonly RunTrace[];
}

export function Wall({ store, state, traces }: WallProps): JSX.Element {
  const onScreen = useSignal<ReadonlySet<string>>(new Set());
  const chosen = state.signals.charts.value.flatMap((name) => quantityNamed(name) ?? []);
  // A quantity nobody recorded has no chart; while nothing is known yet all have.
  const drawn = chosen.filter((quantity) =>
    traces.some(({ runs }) =>
      runs.some((run) => run.series === null || neededSeries(quantity, run).length > 0),
    ),
  );
  const panels = [...new Set(traces.map(({ panel }) => panel))];
  useEffect(() => {
    const wanted = new Map<string, string[]>();
    for (const quantity of chosen) {
      if (!onScreen.value.has(quantity.name)) continue;
      for (const run of traces.flatMap(({ runs }) => runs)) {
        wanted.set(run.id, [...new Set([...(wanted.get(run.id) ?? []), ...neededSeries(quantity, run)])]);
      }
    }
    store.want(wanted);
  });
  // Subscribes this component to what scrolls into view.
  void onScreen.value;
  if (traces.length === 0) {
    return <Status kind="empty">No run is drawn: open an eye in the table, or clear the filter.</Status>;
  }
  if (drawn.length === 0) {
    return (
      <Status kind="empty">
        These runs have recorded none of the chosen quantities: choose others under “charts”.
      </Status>
    );
  }
  return (
    <div class="wall">
      {drawn.flatMap((quantity) =>
        panels.map((panel) => (
          <WallChart
            key={`${quantity.name} ${panel}`}
            store={store}
            state={state}
            quantity={quantity}
            panel={panel}
            traces={traces}
            onScreen={onScreen}
          />
        )),
      )}
    </div>
  );
}

function WallChart({
  store,
  state,
  traces,
  quantity,
  panel,
  onScreen,
}: WallProps & {
  readonly quantity: Quantity;
  readonly panel: string;
  readonly onScreen: Signal<ReadonlySet<string>>;
}): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const visible = useVisible(place);
  useEffect(() => {
    const { name } = quantity;
    if (visible && !onScreen.peek().has(name)) onScreen.value = new Set([...onScreen.peek(), name]);
  }, [visible]);

  const { x, marks, settled } = state.signals;
  const start = { logY: quantity.logY ?? false };
  const view = useComputed(() => viewOf(state.signals.views.value, quantity.name, start)).value;
  const changes = store.changes.value;
  const shown = useMemo(() => traces.filter((trace) => trace.panel === panel), [traces, panel]);
  const data = useMemo(
    () =>
      chartData(visible ? shown : [], store.read, {
        quantity,
        x: x.value,
        events: marks.value,
        settled: settled.value,
        logY: view.logY,
      }),
    [visible, shown, changes, quantity, x.value, marks.value, settled.value, view.logY],
  );
  const title = panel === "" ? quantity.title : `${quantity.title} · ${state.signals.panel.value} = ${panel}`;
  // What the command line draws is the whole run in its usual view; any other look is saved as it looks.
  const plain =
    state.signals.zoom.value.length === 0 &&
    !state.signals.views.value.some((each) => each.startsWith(`${quantity.name}:`));
  const command = plain ? commandFigure(quantity.name, x.value) : null;
  const recorded = shown.some(({ runs }) => runs.some((run) => neededSeries(quantity, run).length > 0));
  return (
    <div ref={place} class="wall-place">
      <Chart
        name={panel === "" ? quantity.name : `${quantity.name}-${panel}`}
        title={title}
        xLabel={X_AXES.find(({ name }) => name === x.value)!.title}
        yLabel={quantity.yLabel}
        {...(data.capAt === undefined ? {} : { capAt: data.capAt })}
        series={data.series}
        references={data.references}
        marks={data.marks}
        brackets={data.brackets}
        include={quantity.against === "threshold" ? [0] : []}
        group={CHART_GROUP}
        controlled={view}
        onView={(next) =>
          (state.signals.views.value = withView(state.signals.views.value, quantity.name, next, start))
        }
        {...(command === null
          ? {}
          : {
              figure: (options) =>
                command(
                  shown.flatMap(({ runs }) => runs),
                  store,
                  options,
                ),
            })}
        empty={recorded ? "Loading …" : "Not recorded by these runs."}
      />
      {data.notes.map((note) => (
        <p key={note} class="muted small">
          {note}
        </p>
      ))}
    </div>
  );
}
