// Which runs are drawn as one line, and with which name, colour, dash and panel.
import { COLOURS, DASHES, styleOf } from "../../figures/palette.ts";
import { configLabels } from "../../figures/differing.ts";
import type { RunEntry } from "../../record/serve-api.ts";
import { compareFields, fieldOf, showField } from "./run-fields.ts";

/** A run, or the seeds of one configuration. */
export interface RunTrace {
  /** Id of the run, or of the first of several: what hovering goes by. */
  readonly owner: string;
  readonly label: string;
  readonly runs: readonly RunEntry[];
  readonly colour: string;
  readonly dash: string;
  /** Value of the setting panels are made by; "" without. */
  readonly panel: string;
}

export interface Grouping {
  /** Setting whose values take the colours; "" for a colour a run. */
  readonly colour: string;
  readonly dash: string;
  readonly panel: string;
  /** Whether runs that differ in their seed only are averaged. */
  readonly mean: boolean;
  /** Colours chosen by hand: `id:index`. */
  readonly paint: readonly string[];
}

/**
 * The traces of the shown runs. Without a setting to go by, styles follow the place of a run among all runs, so that
 * filtering and hiding never change the colour of what remains.
 */
export function makeRunTraces(
  all: readonly RunEntry[],
  shown: ReadonlySet<string>,
  grouping: Grouping,
): RunTrace[] {
  const groups = groupSeeds(all, grouping.mean);
  const colour = channel(all, grouping.colour);
  const dash = channel(all, grouping.dash);
  const painted = new Map(grouping.paint.map((each) => splitPaint(each)));
  const traces = [...groups.values()].flatMap((members, index) => {
    const runs = members.filter((run) => shown.has(run.id));
    const first = runs[0];
    return first === undefined ? [] : [{ runs, first, index }];
  });
  const labels = configLabels(
    traces.map(({ runs, first }) => nested(first, runs.length > 1)),
    traces.map(({ first }) => first.id),
  );
  return traces.map(({ runs, first, index }, i) => {
    const style = styleOf(index);
    const byHand = painted.get(first.id);
    const seeds = runs.length > 1 ? `${runs.length} seeds` : "";
    return {
      owner: first.id,
      label: [labels[i] === "" ? first.name : labels[i]!, seeds].filter((part) => part !== "").join(", "),
      runs,
      colour:
        byHand === undefined && colour === null ? style.colour : cycle(COLOURS, byHand ?? colour!(first)),
      // More values than colours: the second round of the palette is dashed.
      dash:
        dash !== null
          ? cycle(DASHES, dash(first))
          : colour === null
            ? style.dash
            : cycle(DASHES, Math.floor(colour(first) / COLOURS.length)),
      panel: grouping.panel === "" ? "" : showField(fieldOf(first, grouping.panel)),
    };
  });
}

/** Runs by configuration without seed and name (each alone unless `mean`), in order of their first. */
function groupSeeds(runs: readonly RunEntry[], mean: boolean): Map<string, RunEntry[]> {
  const groups = new Map<string, RunEntry[]>();
  for (const run of runs) {
    let key = mean && run.status !== "broken" ? settingsKey(run) : run.id;
    // The same seed twice is a repetition, not a sample: it gets a line of its own.
    if (groups.get(key)?.some((other) => other.config["seed"] === run.config["seed"])) key += ` ${run.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run]);
    else group.push(run);
  }
  return groups;
}

function settingsKey({ config }: RunEntry): string {
  const entries = Object.entries(config).filter(([key]) => key !== "seed" && key !== "name");
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Numbers the values of a setting in their order; null when there is no setting to go by. */
function channel(runs: readonly RunEntry[], field: string): ((run: RunEntry) => number) | null {
  if (field === "") return null;
  const values = new Map(runs.map((run) => [showField(fieldOf(run, field)), fieldOf(run, field)]));
  const order = [...values].sort(([, a], [, b]) => compareFields(a, b)).map(([text]) => text);
  return (run) => order.indexOf(showField(fieldOf(run, field)));
}

function cycle(palette: readonly string[], index: number): string {
  return palette[index % palette.length]!;
}

/** "id:3" → ["id", 3]; ids may hold colons. */
function splitPaint(text: string): [string, number] {
  const colon = text.lastIndexOf(":");
  return [text.slice(0, colon), Number(text.slice(colon + 1)) || 0];
}

/** The list with the next colour of the palette for a run. */
export function paintNext(paint: readonly string[], id: string, now: string): string[] {
  const next = (COLOURS.indexOf(now) + 1) % COLOURS.length;
  return [...paint.filter((each) => splitPaint(each)[0] !== id), `${id}:${next}`];
}

/** A flat configuration as the nested one that labels are made from. */
export function nested(run: RunEntry, withoutSeed = false): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(run.config)) {
    if (withoutSeed && (path === "seed" || path === "name")) continue;
    const keys = path.split(".");
    let place = result;
    for (const key of keys.slice(0, -1)) {
      const inner = place[key];
      if (typeof inner === "object" && inner !== null) place = inner as Record<string, unknown>;
      else {
        const made: Record<string, unknown> = {};
        place[key] = made;
        place = made;
      }
    }
    place[keys.at(-1)!] = value;
  }
  return result;
}
