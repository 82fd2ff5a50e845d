// What a paper's figure is: the runs it needs, and how their analysis becomes a drawing, a table and notes.
import type {
  AnatomySpec,
  BatchSharpnessSpec,
  LandscapeSpec,
  PointsSpec,
  ScalingSpec,
  TrajectoriesSpec,
} from "../../figures/index.ts";
import type { GapAnalysis } from "../../lab/index.ts";
import type { RunSet } from "./campaigns.ts";
import type { ComparisonRow } from "./comparison.ts";

/** A figure ready to draw. */
export type Drawing =
  | { readonly kind: "scaling"; readonly spec: ScalingSpec }
  | { readonly kind: "trajectories"; readonly spec: TrajectoriesSpec }
  | { readonly kind: "points"; readonly spec: PointsSpec }
  | { readonly kind: "anatomy"; readonly spec: AnatomySpec }
  | { readonly kind: "batchSharpness"; readonly spec: BatchSharpnessSpec }
  | { readonly kind: "landscape"; readonly spec: LandscapeSpec };

/** What the analysis of the runs comes to. */
export interface Reproduction {
  readonly drawing: Drawing;
  readonly rows: readonly ComparisonRow[];
  /** Fits, means and predictions for numbers.json: plain data, with the runs behind every number. */
  readonly numbers: Readonly<Record<string, unknown>>;
}

/** The analyses a figure is made from, by the name of the run set; absent where there are no runs of it. */
export type Analyses = Readonly<Record<string, GapAnalysis | undefined>>;

/** A figure of the paper. */
export interface PaperFigure {
  /** What the user types. */
  readonly name: string;
  readonly title: string;
  readonly sets: Readonly<Record<string, RunSet>>;
  /** At least one of the analyses is there. */
  readonly reproduce: (analyses: Analyses) => Reproduction;
}
