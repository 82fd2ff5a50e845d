// The HTTP interface of `brink serve`, as types: what the server answers, what the pages ask, what a snapshot holds.
//
// All addresses are relative to the page. The first five are plain GETs; a snapshot without a server is nothing but
// their answers saved under the same paths (`api/info.json` there says `mode: "snapshot"`), so that one client reads
// both. Static hosts ignore queries and answer with the whole file, which is what their absence means.
//
//   GET  api/info.json                         ServerInfo
//   GET  api/runs.json                         RunList
//   GET  api/runs/ID/run.json                  RunDetail
//   GET  api/runs/ID/series.safetensors        one run's series (`decodeSeries`); ?only=NAME,… and ?from=CURSOR
//   GET  api/gap.json                          GapPage
//
// Live servers only:
//
//   GET  api/stream                            server-sent events, `StreamEvent` as JSON in `data`
//   PUT  api/runs/ID/notes                     RunNotes → RunNotes                    (with --allow-runs, as the rest)
//   POST api/runs/ID/action                    RunActionRequest → 202 {}
//   POST api/experiments                       ExperimentRequest → 202 ExperimentStarted
//   POST api/experiments/KEY/cancel            {} → 202 {}
//
// Bodies are JSON, `Content-Type: application/json`. A failure is an `ApiError` with status 400 (bad input), 403 (not
// allowed), 404, 405, 409 (not now), 413 (too large), 415 or 500. Numbers that are not finite are null in JSON and NaN
// in series.
import type { MarkEvent, RunSummary } from "./events.ts";
import type { Provenance } from "./provenance.ts";

/** Version of this interface, in `ServerInfo.version`. */
export const API_VERSION = 1;

/** Addresses, relative to the page. */
export const API = {
  info: "api/info.json",
  runs: "api/runs.json",
  run: (id: string): string => `${runPath(id)}/run.json`,
  series: (id: string): string => `${runPath(id)}/series.safetensors`,
  gap: "api/gap.json",
  stream: "api/stream",
  notes: (id: string): string => `${runPath(id)}/notes`,
  action: (id: string): string => `${runPath(id)}/action`,
  experiments: "api/experiments",
  cancel: (key: string): string => `api/experiments/${encodeURIComponent(key)}/cancel`,
} as const;

function runPath(id: string): string {
  return `api/runs/${encodeURIComponent(id)}`;
}

/** Body of every answer that is not 2xx. */
export interface ApiError {
  readonly error: {
    /** A sentence for the reader. */
    readonly message: string;
    /** As in InputError: where, what was received, what would be allowed. */
    readonly file?: string;
    readonly field?: string;
    readonly received?: string;
    readonly allowed?: string;
    readonly hint?: string;
  };
}

/** What answers. */
export interface ServerInfo {
  readonly version: typeof API_VERSION;
  /** Version of Brink. */
  readonly brink: string;
  readonly mode: "live" | "snapshot";
  /** Name of the folder of runs (the name only, no path). */
  readonly runsDir: string;
  /** Whether this reader may write notes, start, pause, resume and stop runs. */
  readonly allowRuns: boolean;
  /** ISO 8601: when the server started, or the snapshot was made. Another value than before: read everything anew. */
  readonly startedAt: string;
}

/**
 * How a run stands. `running`: a process is writing it. `paused`: interrupted from the page, with a place to go on.
 * `killed`: says it is running, but nobody writes it. `broken`: its files cannot be read; `RunEntry.problem` says why.
 */
export type ServedStatus =
  | "not started"
  | "running"
  | "paused"
  | "interrupted"
  | "killed"
  | "finished"
  | "diverged"
  | "failed"
  | "broken";

/** A leaf of a flattened configuration; arrays that hold only scalars stay whole. */
export type ConfigValue = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** A series in short; non-finite values are left out of `min` and `max` and are null as `last`. */
export interface SeriesStats {
  /** Points, non-finite ones included. */
  readonly count: number;
  readonly lastStep: number;
  readonly last: number | null;
  readonly min: number | null;
  readonly minStep: number | null;
  readonly max: number | null;
  readonly maxStep: number | null;
}

/** Tags and notes of a run: `notes.json` in its folder. */
export interface RunNotes {
  readonly tags: readonly string[];
  readonly text: string;
}

export type RunAction = "pause" | "resume" | "stop";

/** A run as the table shows it. */
export interface RunEntry {
  /** Name of its folder. */
  readonly id: string;
  /** Name in its configuration. */
  readonly name: string;
  readonly status: ServedStatus;
  /** Why it is `broken`, or what ended it; null when there is nothing to say. */
  readonly problem: string | null;
  /** Resolved configuration by dotted key (`optimizer.lr`). */
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly step: number;
  readonly steps: number | null;
  /** Stability threshold (2/η for GD and SGD). Where a series `iterate threshold` exists, that one counts. */
  readonly threshold: number | null;
  readonly summary: RunSummary | null;
  /** By name of the series; null until the events have been read (a `run` event follows then). */
  readonly series: Readonly<Record<string, SeriesStats>> | null;
  readonly marks: readonly MarkEvent[];
  readonly createdAt: string | null;
  readonly notes: RunNotes;
  /** What may be asked of it now, by a reader whose `ServerInfo.allowRuns` is true. */
  readonly actions: readonly RunAction[];
}

/** A run that waits for its turn, or whose process is starting. */
export interface QueuedRun {
  /** The experiment it belongs to, for `cancel`. */
  readonly experiment: string;
  readonly name: string;
  readonly state: "queued" | "starting";
}

export interface RunList {
  /** Oldest first. */
  readonly runs: readonly RunEntry[];
  readonly queue: readonly QueuedRun[];
  /** Folders beside the runs that are none, and why, as far as a reader may wonder. */
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
}

/** One run in full. */
export interface RunDetail {
  readonly entry: RunEntry;
  /** Resolved configuration as written in config.yaml. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly yaml: string;
  readonly provenance: Provenance | null;
  /** What it found, in sentences. */
  readonly findings: readonly { readonly title: string; readonly text: string }[];
}

/** A mean over seeds, with the ids of the runs behind it. */
export interface GapStatistic {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly count: number;
  readonly runs: readonly string[];
}

/** Runs that differ in their seed only. */
export interface GapGroupEntry {
  readonly lr: number;
  readonly batch: number | "full";
  readonly sampling: string;
  readonly threshold: number;
  readonly sharpness: GapStatistic;
  readonly gapPaired: GapStatistic;
  readonly gapPooled: GapStatistic;
  readonly gapToEdge: GapStatistic;
  readonly unsettled: readonly { readonly run: string; readonly reason: string }[];
  /** Predicted 2/η − S from measured coefficients, by where they were measured and which α entered. */
  readonly predicted: readonly {
    readonly place: "iterate" | "midpoint";
    readonly alpha: "alpha" | "alphaPerp";
    readonly formula: string;
    readonly gap: number | null;
  }[];
}

/** A power law fitted to the gap of one learning rate against b (or of one b against η). */
export interface GapFit {
  readonly kind: "paired" | "pooled" | "edge";
  readonly over: "batch" | "lr";
  /** What is the same in all its points: `optimizer.lr = 0.01`. */
  readonly fixed: string;
  readonly points: readonly {
    readonly x: number;
    readonly mean: number;
    readonly sd: number | null;
    readonly count: number;
  }[];
  /** Points whose mean is not positive: no logarithm. */
  readonly excluded: readonly {
    readonly x: number;
    readonly mean: number;
    readonly sd: number | null;
    readonly count: number;
  }[];
  /** Null with `reason` when there are too few points. */
  readonly exponent: number | null;
  readonly exponentCi: readonly [low: number, high: number] | null;
  readonly r2: number | null;
  readonly pOfMinusOne: number | null;
  readonly reason: string | null;
  /** The fitted curve with its 95 % confidence band; empty without a fit. */
  readonly curve: readonly {
    readonly x: number;
    readonly y: number;
    readonly low: number;
    readonly high: number;
  }[];
  /** By least squares of the gaps themselves, which takes all points; null where no positive power law fits. */
  readonly ofGaps: {
    readonly exponent: number;
    readonly exponentCi: readonly [low: number, high: number];
    readonly curve: readonly { readonly x: number; readonly y: number }[];
  } | null;
}

/** Runs that may stand in one figure of the gap: they agree in all but seed, batch size and learning rate. */
export interface GapFamily {
  /** Name, and the settings that set it apart from the other families. */
  readonly title: string;
  /** Training examples; null when the configurations do not say. */
  readonly n: number | null;
  readonly runs: readonly string[];
  readonly groups: readonly GapGroupEntry[];
  readonly fits: readonly GapFit[];
}

export interface GapPage {
  readonly families: readonly GapFamily[];
  /** Runs that enter no family, and why. */
  readonly left: readonly { readonly run: string; readonly reason: string }[];
}

/** New points of series, in JSON. */
export type PointBlock = Readonly<
  Record<string, { readonly steps: readonly number[]; readonly values: readonly (number | null)[] }>
>;

/**
 * What the stream says. After a break EventSource reconnects with the last id; when what was missed is no longer known
 * the server begins with `hello` again, and then everything must be read anew.
 */
export type StreamEvent =
  /** First of a connection that does not continue an earlier one. */
  | { readonly type: "hello"; readonly info: ServerInfo }
  /** A run is new or its entry has changed (status, marks, statistics, notes). At most a few a second. */
  | { readonly type: "run"; readonly entry: RunEntry }
  /**
   * Points came in. They belong behind `after`: a reader whose series of that run stand at another cursor asks for
   * the series `?from=` its own. `after: null` says that the record was cut back (a resumed run): read it anew.
   */
  | {
      readonly type: "points";
      readonly id: string;
      readonly after: string | null;
      readonly cursor: string;
      readonly points: PointBlock;
    }
  /** Its folder is gone. */
  | { readonly type: "removed"; readonly id: string }
  | { readonly type: "queue"; readonly queue: readonly QueuedRun[] }
  /** Something a reader should know: a run that could not start, say. */
  | { readonly type: "notice"; readonly level: "note" | "warning" | "error"; readonly text: string };

export interface RunActionRequest {
  readonly action: RunAction;
}

/** An experiment file and what `--set` would add. */
export interface ExperimentRequest {
  readonly yaml: string;
  readonly set?: readonly string[];
}

export interface ExperimentStarted {
  /** For `cancel`: what waits is dropped, what runs is stopped and saved. */
  readonly experiment: string;
  /** Names of its runs, in the order they will start. */
  readonly runs: readonly string[];
}
