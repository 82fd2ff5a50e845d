// What is drawn and how: axis, grouping, charts and columns, as menus above table and wall.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { RunEntry } from "../../record/serve-api.ts";
import { Field } from "../kit/fields.tsx";
import { availableCharts, DEFAULT_CHARTS, quantityNamed } from "./quantities.ts";
import { fieldOf, showField } from "./run-fields.ts";
import { DEFAULT_COLUMNS } from "./settings.ts";
import type { PageState } from "./settings.ts";

/** Axis, grouping, events. */
export function WallControls({
  state,
  runs,
}: {
  readonly state: PageState;
  readonly runs: readonly RunEntry[];
}): JSX.Element {
  const fields = settingsThatDiffer(runs);
  return (
    <div class="wall-controls">
      <Field state={state} name="x" />
      {(["colour", "dash", "panel"] as const).map((name) => (
        <FieldChoice key={name} state={state} name={name} fields={fields} />
      ))}
      <Field state={state} name="mean" />
      <Field state={state} name="marks" />
      <Field state={state} name="settled" />
      <ChartMenu state={state} runs={runs} />
    </div>
  );
}

/** Settings on which runs differ: what is worth grouping by. */
export function settingsThatDiffer(runs: readonly RunEntry[]): string[] {
  const keys = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  return [...keys].filter(
    (key) => key !== "name" && new Set(runs.map((run) => showField(fieldOf(run, key)))).size > 1,
  );
}

function FieldChoice({
  state,
  name,
  fields,
}: {
  readonly state: PageState;
  readonly name: "colour" | "dash" | "panel";
  readonly fields: readonly string[];
}): JSX.Element {
  const chosen = state.signals[name];
  const { label, help } = state.properties[name];
  const choices = fields.includes(chosen.value) || chosen.value === "" ? fields : [chosen.value, ...fields];
  return (
    <div class="field" title={help}>
      <label for={`by-${name}`}>{label}</label>
      <select
        id={`by-${name}`}
        value={chosen.value}
        onChange={(event) => (chosen.value = event.currentTarget.value)}
      >
        <option value="">{name === "panel" ? "–" : "run"}</option>
        {choices.map((field) => (
          <option key={field} value={field}>
            {field}
          </option>
        ))}
      </select>
    </div>
  );
}

function ChartMenu({
  state,
  runs,
}: {
  readonly state: PageState;
  readonly runs: readonly RunEntry[];
}): JSX.Element {
  const chosen = state.signals.charts;
  const { known, other } = availableCharts(runs);
  const names = [...new Set([...known, ...chosen.value, ...other])];
  return (
    <Picker
      label="charts"
      title="Which quantities are drawn"
      names={names}
      chosen={chosen.value}
      show={(name) => quantityNamed(name)?.title ?? name}
      // Charts keep the order of the menu, whatever the order of choosing.
      choose={(next) => (chosen.value = names.filter((name) => next.includes(name)))}
      reset={() => (chosen.value = DEFAULT_CHARTS)}
    />
  );
}

/** The columns of the table: settings that differ first, then state, statistics, the rest. */
export function ColumnMenu({
  state,
  runs,
  fields,
}: {
  readonly state: PageState;
  readonly runs: readonly RunEntry[];
  readonly fields: readonly string[];
}): JSX.Element {
  const chosen = state.signals.columns;
  const names = [...new Set([...chosen.value, ...settingsThatDiffer(runs), ...fields])].filter(
    (name) => name !== "id",
  );
  return (
    <Picker
      label="columns"
      title="Which columns the table has"
      names={names}
      chosen={chosen.value}
      show={(name) => name}
      choose={(next) => (chosen.value = next)}
      reset={() => (chosen.value = DEFAULT_COLUMNS)}
    />
  );
}

/** Most entries a menu lists; a search narrows them. */
const MOST_LISTED = 60;

function Picker({
  label,
  title,
  names,
  chosen,
  show,
  choose,
  reset,
}: {
  readonly label: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly chosen: readonly string[];
  readonly show: (name: string) => string;
  readonly choose: (names: string[]) => void;
  readonly reset: () => void;
}): JSX.Element {
  const search = useSignal("");
  const wanted = search.value.toLowerCase();
  const found = names.filter(
    (name) => name.toLowerCase().includes(wanted) || show(name).toLowerCase().includes(wanted),
  );
  return (
    <details class="menu">
      <summary title={title}>{label}</summary>
      <div class="menu-body picker">
        <input
          type="search"
          placeholder="search"
          aria-label={`Search ${label}`}
          value={search.value}
          onInput={(event) => (search.value = event.currentTarget.value)}
        />
        <div class="picker-list">
          {found.slice(0, MOST_LISTED).map((name) => (
            <label key={name} title={name}>
              <input
                type="checkbox"
                checked={chosen.includes(name)}
                onChange={(event) =>
                  choose(
                    event.currentTarget.checked ? [...chosen, name] : chosen.filter((each) => each !== name),
                  )
                }
              />
              {show(name)}
            </label>
          ))}
          {found.length > MOST_LISTED ? (
            <p class="muted">and {found.length - MOST_LISTED} more: search</p>
          ) : null}
        </div>
        <button type="button" onClick={reset}>
          Defaults
        </button>
      </div>
    </details>
  );
}
