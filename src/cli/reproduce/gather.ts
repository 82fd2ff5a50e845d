// Finding and loading the runs of a figure: those of its campaigns in a folder, or any the user names.
import {
  type ExperimentConfig,
  expandSweep,
  type GapAnalysis,
  gapAnalysis,
  type ParsedExperiment,
} from "../../lab/index.ts";
import { InputError } from "../../math/index.ts";
import { readRun } from "../../node/read-run.ts";
import type { RunRecord } from "../../record/index.ts";
import { loadExperiment } from "../experiment-file.ts";
import type { Io } from "../output.ts";
import { existingRuns } from "../sweep/conduct.ts";
import { pinThreads, type PlannedRun, type Variant } from "../sweep/plan.ts";
import { type Campaign, campaignFile, type RunSet, type Scale } from "./campaigns.ts";
import type { PaperFigure } from "./figure-spec.ts";

/** What was asked, apart from the figures. */
export interface GatherOptions {
  readonly scale: Scale;
  /** Overrides of the experiment files, `key=value`. */
  readonly set: readonly string[];
  /** Seeds 0 … seeds−1 in place of the file's. */
  readonly seeds?: number | undefined;
}

/** The runs of one experiment file that some figures need. */
export interface Needed {
  readonly campaign: Campaign;
  readonly experiment: string;
  readonly variants: readonly Variant[];
}

/** A run on disk, read. */
export interface LoadedRun {
  readonly record: RunRecord;
  readonly dir: string;
}

/** The analyses of a figure's run sets, and what is not there of them. */
export interface Gathered {
  readonly analyses: Readonly<Record<string, GapAnalysis | undefined>>;
  readonly runs: readonly LoadedRun[];
  /** Runs a figure wants and does not have, and why. */
  readonly missing: readonly { readonly run: string; readonly reason: string }[];
}

/** Reads experiment files once each. */
export class Campaigns {
  readonly #io: Io;
  readonly #options: GatherOptions;
  readonly #parsed = new Map<Campaign, Needed>();

  constructor(io: Io, options: GatherOptions) {
    this.#io = io;
    this.#options = options;
  }

  /** All variants of a campaign. Throws InputError for a bad override. */
  all(campaign: Campaign): Needed {
    const known = this.#parsed.get(campaign);
    if (known !== undefined) return known;
    const parsed = this.#load(campaign);
    const variants = pinThreads(expandSweep(parsed), undefined);
    const needed = { campaign, experiment: parsed.config.name, variants };
    this.#parsed.set(campaign, needed);
    return needed;
  }

  #load(campaign: Campaign): ParsedExperiment {
    const { scale, set, seeds } = this.#options;
    const file = campaignFile(campaign, scale);
    const list = Array.from({ length: seeds ?? 0 }, (_, seed) => seed).join(", ");
    const seedSetting = seeds === undefined ? [] : [`sweep.seed=[${list}]`];
    return loadExperiment(this.#io, file, { set: [...seedSetting, ...set] });
  }

  /** The variants of a run set, by campaign. */
  ofSet(set: RunSet): Needed[] {
    const all = set.campaigns.map((campaign) => this.all(campaign));
    const chosen = choose(
      set,
      all.flatMap(({ variants }) => variants.map(({ config }) => config)),
    );
    return all.map((needed) => only(needed, ({ config }) => chosen(config)));
  }

  /** The variants of several figures, each once, by campaign. */
  ofFigures(figures: readonly PaperFigure[]): Needed[] {
    const byCampaign = new Map<Campaign, Map<string, Variant>>();
    for (const set of figures.flatMap(({ sets }) => Object.values(sets))) {
      for (const { campaign, variants } of this.ofSet(set)) {
        const known = byCampaign.get(campaign) ?? new Map<string, Variant>();
        for (const variant of variants) known.set(variant.key, variant);
        byCampaign.set(campaign, known);
      }
    }
    return [...byCampaign].map(([campaign, wanted]) =>
      only(this.all(campaign), ({ key }) => wanted.has(key)),
    );
  }
}

function only({ campaign, experiment, variants }: Needed, test: (variant: Variant) => boolean): Needed {
  return { campaign, experiment, variants: variants.filter(test) };
}

function choose(set: RunSet, all: readonly ExperimentConfig[]): (config: ExperimentConfig) => boolean {
  return set.choose?.(all) ?? (() => true);
}

/** Reads run folders, each once: one run stands in many figures. */
export class RunShelf {
  readonly #loaded = new Map<string, LoadedRun>();

  async read(dir: string): Promise<LoadedRun> {
    const known = this.#loaded.get(dir);
    if (known !== undefined) return known;
    // No figure needs the loss of every step, which is most of a record.
    const loaded = { record: { ...(await readRun(dir)), steps: [] }, dir };
    this.#loaded.set(dir, loaded);
    return loaded;
  }
}

/**
 * The analyses of a figure from the finished runs of its campaigns in `root`.
 *
 * @throws InputError when runs cannot be compared
 */
export async function gather(
  figure: PaperFigure,
  campaigns: Campaigns,
  root: string,
  shelf: RunShelf,
): Promise<Gathered> {
  const analyses: Record<string, GapAnalysis | undefined> = {};
  const runs = new Map<string, LoadedRun>();
  const missing = new Map<string, string>();
  for (const [name, set] of Object.entries(figure.sets)) {
    const found: LoadedRun[] = [];
    for (const { experiment, variants } of campaigns.ofSet(set)) {
      for (const planned of await existingRuns(root, experiment, variants)) {
        const reason = whyMissing(planned);
        if (reason === null) found.push(await shelf.read(planned.existing!.dir));
        else missing.set(planned.name, reason);
      }
    }
    for (const run of found) runs.set(run.dir, run);
    analyses[name] = analyse(found, set);
  }
  return {
    analyses,
    runs: [...runs.values()],
    missing: [...missing].map(([run, reason]) => ({ run, reason })),
  };
}

function whyMissing({ existing }: PlannedRun): string | null {
  if (existing === null) return "not begun";
  const { summary } = existing;
  if (summary === null) return "at its beginning";
  return summary.status === "finished"
    ? null
    : `${summary.status} at step ${summary.step} of ${summary.steps}`;
}

/** The analyses of a figure from runs the user named. */
export function gatherFrom(figure: PaperFigure, loaded: readonly LoadedRun[]): Gathered {
  const configs = loaded.map(({ record }) => record.config as unknown as ExperimentConfig);
  const analyses: Record<string, GapAnalysis | undefined> = {};
  const used = new Set<LoadedRun>();
  for (const [name, set] of Object.entries(figure.sets)) {
    const chosen = choose(set, configs);
    const members = loaded.filter((_, i) => chosen(configs[i]!));
    for (const run of members) used.add(run);
    analyses[name] = analyse(members, set);
  }
  return { analyses, runs: [...used], missing: [] };
}

function analyse(runs: readonly LoadedRun[], { varied }: RunSet): GapAnalysis | undefined {
  if (runs.length === 0) return undefined;
  return gapAnalysis(
    runs.map(({ record }) => record),
    varied,
  );
}

/** Throws InputError when there is nothing at all to draw. */
export function checkAny(figure: PaperFigure, { analyses, missing }: Gathered): void {
  if (Object.values(analyses).some((analysis) => analysis !== undefined)) return;
  throw new InputError(`no finished run for ${figure.name}`, {
    ...(missing.length === 0
      ? {}
      : { received: `${missing.length} missing, such as ${missing[0]!.run} (${missing[0]!.reason})` }),
    hint: "Leave out --no-run to train them, or name others with --from",
  });
}
