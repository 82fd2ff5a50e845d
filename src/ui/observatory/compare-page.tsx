// The page that lays configurations side by side.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { parseDash } from "../kit/chart/lines.ts";
import { Swatch } from "../kit/chart/legend.tsx";
import { Status } from "../kit/status.tsx";
import { dark, onBackground } from "../kit/theme.tsx";
import { compareSettings } from "./compare.ts";
import { fieldOf } from "./run-fields.ts";
import { formatNumber } from "../../figures/ticks.ts";
import type { RunTrace } from "./traces.ts";

/** Runs side by side at most. */
const MOST = 16;
/** Outcomes below the settings. */
const OUTCOMES = [
  "status",
  "step",
  "last.loss",
  "last.sharpness",
  "threshold",
  "equilibrium",
  "onset",
] as const;

export function ComparePage({ traces }: { readonly traces: readonly RunTrace[] }): JSX.Element {
  const everything = useSignal(false);
  const columns = traces
    .flatMap(({ runs, colour, dash }) => runs.map((run) => ({ run, colour, dash })))
    .slice(0, MOST);
  const runs = columns.map(({ run }) => run);
  const hiddenRuns = traces.reduce((total, trace) => total + trace.runs.length, 0) - columns.length;
  if (runs.length < 2) {
    return <Status kind="empty">Two runs at least are compared: open their eyes in the table.</Status>;
  }
  const settings = compareSettings(runs);
  const differing = settings.filter(({ differs }) => differs);
  const rows = everything.value ? settings : differing;
  return (
    <section class="compare" aria-label="Configurations side by side">
      <div class="row">
        <h2>
          {differing.length} of {settings.length} settings differ
        </h2>
        <label>
          <input
            type="checkbox"
            checked={everything.value}
            onChange={(event) => (everything.value = event.currentTarget.checked)}
          />{" "}
          show all
        </label>
        {hiddenRuns > 0 ? (
          <span class="muted">
            the first {MOST} runs; {hiddenRuns} more are drawn
          </span>
        ) : null}
      </div>
      <div class="compare-scroll">
        <table class="compare-table">
          <thead>
            <tr>
              <th scope="col">setting</th>
              {columns.map(({ run, colour, dash }) => (
                <th key={run.id} scope="col" title={run.id}>
                  <Swatch colour={onBackground(colour, dark.value)} dash={parseDash(dash)} /> {run.id}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, values, differs }) => (
              <tr key={key} class={differs ? "differs" : ""}>
                <th scope="row">{key}</th>
                {values.map((value, i) => (
                  <td key={runs[i]!.id}>{value === "" ? <span class="muted">–</span> : value}</td>
                ))}
              </tr>
            ))}
            {OUTCOMES.map((field) => (
              <tr key={field} class="outcome">
                <th scope="row">{field}</th>
                {runs.map((run) => {
                  const value = fieldOf(run, field);
                  return (
                    <td key={run.id}>{typeof value === "number" ? formatNumber(value) : (value ?? "–")}</td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
