// The stochastic sharpness gap of a set of runs: groups, coefficients at each place, and the fits of the figures.
import type { MeasurementPoint, RunRecord } from "../../record/index.ts";
import { batchSharpnessLevel, type BatchSharpnessLevel } from "./batch-sharpness.ts";
import { checkComparable, type Varied } from "./comparable.ts";
import { exampleCount, type GapRun, gapRun } from "./gap-run.ts";
import { type GapGroup, groupRuns, pairedGap } from "./groups.ts";
import { landscapeMeans, type LandscapeMeans, PLACES } from "./landscape-means.ts";
import { type NoiseMeans, noiseMeans } from "./noise-means.ts";
import { type Scaling, type ScalingInput, scaling, scalingOfMeans } from "./scaling.ts";
import { meanOf, type Statistic } from "./statistic.ts";
import { type Tracking, tracking } from "./tracking.ts";

/** A group with what was measured on it at equilibrium. */
export interface AnalysedGroup extends GapGroup {
  /** By place; null where nothing was measured. */
  readonly landscape: Readonly<Record<MeasurementPoint, LandscapeMeans | null>>;
  readonly batchSharpness: BatchSharpnessLevel | null;
}

/** Everything the figures are drawn from. */
export interface GapAnalysis {
  /** Training examples; null when the configuration does not say how many. */
  readonly n: number | null;
  /** All runs, settled or not. */
  readonly runs: readonly GapRun[];
  readonly groups: readonly AnalysedGroup[];
}

/**
 * Analyses runs of one problem. Pure; O(measurements).
 *
 * @param varied what may differ between them besides the seed
 * @throws InputError for no runs, or runs that cannot be compared
 */
export function gapAnalysis(
  records: readonly RunRecord[],
  varied: readonly Varied[] = ["batch"],
): GapAnalysis {
  const runs = records.map(gapRun);
  checkComparable(runs, varied);
  const groups = groupRuns(runs).map(analysed);
  return { n: exampleCount(runs[0]!.config), runs, groups };
}

function analysed(group: GapGroup): AnalysedGroup {
  const [iterate, midpoint] = [landscapeMeans(group, "iterate"), landscapeMeans(group, "midpoint")];
  return { ...group, landscape: { iterate, midpoint }, batchSharpness: batchSharpnessLevel(group) };
}

/** A group of mini-batch runs: `batch` is a number. */
export type StochasticGroup = AnalysedGroup & { readonly batch: number };

/** The groups of mini-batch runs, smallest batch first within each learning rate. */
export function stochasticGroups({ groups }: GapAnalysis): StochasticGroup[] {
  return groups.filter((group): group is StochasticGroup => group.batch !== "full");
}

/** The group of gradient descent with a learning rate, by default the only one. */
export function descentGroup({ groups }: GapAnalysis, lr?: number): AnalysedGroup | undefined {
  return groups.find((group) => group.batch === "full" && (lr === undefined || group.lr === lr));
}

/** What a gap is measured from: gradient descent of the same seed, the mean over its seeds, or 2/η. */
export type GapKind = "paired" | "pooled" | "edge";

/** Gap against batch size or learning rate. Over learning rates, take groups of one batch size. */
export function gapScaling(
  analysis: GapAnalysis,
  kind: GapKind,
  over: Varied = "batch",
  groups: readonly StochasticGroup[] = stochasticGroups(analysis),
): Scaling {
  const x = ({ batch, lr }: { batch: number | "full"; lr: number }): number =>
    over === "batch" ? Number(batch) : lr;
  if (kind === "pooled") {
    return scalingOfMeans(groups.map((group) => ({ x: x(group), value: group.gapPooled })));
  }
  const settled = analysis.runs.filter(({ unsettled }) => unsettled === null);
  return scaling(
    groups.flatMap(({ runs }) =>
      runs.map((run) => ({
        id: run.id,
        seed: run.seed,
        x: x(run),
        y: kind === "paired" ? pairedGap(run, settled) : edgeGap(run),
      })),
    ),
  );
}

function edgeGap({ threshold, edge }: GapRun): number | null {
  return edge.final.mean === null ? null : threshold - edge.final.mean;
}

/** Noise along u at equilibrium against batch size, every batch size on its own trajectory. */
export function noiseScaling(
  analysis: GapAnalysis,
  kind: Exclude<keyof NoiseMeans, "records">,
  place: MeasurementPoint = "iterate",
): Scaling {
  const inputs = stochasticGroups(analysis).flatMap(({ batch, runs }) =>
    runs.map((run): ScalingInput => ({
      id: run.id,
      seed: run.seed,
      x: batch,
      y: noiseMeans(run, place)[kind],
    })),
  );
  return scaling(inputs);
}

/**
 * Sampled noise along u against batch size, all batch sizes at the equilibrium of one group: what is left of the
 * dependence on b when the place does not change with it.
 */
export function noiseAtOnePlace({ runs }: GapGroup, place: MeasurementPoint = "iterate"): Scaling {
  const inputs = runs.flatMap((run) => {
    const sizes = new Set(
      run.window[place].flatMap(({ noiseVarianceSampled }) => Object.keys(noiseVarianceSampled ?? {})),
    );
    // A batch of one is an example, not a batch size of a figure.
    sizes.delete("1");
    return [...sizes].map((size): ScalingInput => ({
      id: run.id,
      seed: run.seed,
      x: Number(size),
      y: meanOf(run.window[place].map((event) => event.noiseVarianceSampled?.[size]?.variance)),
    }));
  });
  return scaling(inputs);
}

/** β·σ_u² against the gap, at each place where β was measured. */
export function gapTracking(
  analysis: GapAnalysis,
  kind: GapKind = "paired",
): Readonly<Record<MeasurementPoint, Tracking | null>> {
  const at = (place: MeasurementPoint): Tracking | null =>
    tracking(
      stochasticGroups(analysis).map((group) => {
        const { mean: gap, stderr: gapError } = gapOf(group, kind);
        return {
          batch: group.batch,
          gap,
          gapError,
          beta: group.landscape[place]?.beta.mean ?? null,
          noiseU: group.landscape[place]?.noiseU.mean ?? null,
        };
      }),
    );
  return Object.fromEntries(PLACES.map((place) => [place, at(place)])) as Record<
    MeasurementPoint,
    Tracking | null
  >;
}

/** The gap of a group by what it is measured from. */
export function gapOf(group: GapGroup, kind: GapKind): Statistic {
  return { paired: group.gapPaired, pooled: group.gapPooled, edge: group.gapToEdge }[kind];
}
