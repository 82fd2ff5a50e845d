// The experiments behind the figures, at both scales, and the runs each figure takes of them.
import { fileURLToPath } from "node:url";
import type { ExperimentConfig, Varied } from "../../lab/index.ts";

/** `quick` shows the effect in minutes; `full` is the paper's size. */
export type Scale = "quick" | "full";
export const SCALES: readonly Scale[] = ["quick", "full"];

/** One experiment at either scale. */
export type Campaign = "fc-tanh" | "fc-tanh-without" | "learning-rates" | "fc-relu" | "cnn-mse" | "cnn-ce";

/** Experiment files by campaign, in `experiments/gap`. */
const FILES: Readonly<Record<Campaign, Readonly<Record<Scale, string>>>> = {
  "fc-tanh": { quick: "quick-fc-tanh.yaml", full: "fc-tanh.yaml" },
  "fc-tanh-without": { quick: "quick-fc-tanh-without.yaml", full: "fc-tanh-without.yaml" },
  "learning-rates": { quick: "quick-learning-rates.yaml", full: "learning-rates.yaml" },
  "fc-relu": { quick: "quick-fc-relu.yaml", full: "fc-relu.yaml" },
  "cnn-mse": { quick: "quick-cnn-mse.yaml", full: "cnn-mse.yaml" },
  "cnn-ce": { quick: "quick-cnn-ce.yaml", full: "cnn-ce.yaml" },
};

/** Absolute path of a campaign's experiment file, which is part of the package. */
export function campaignFile(campaign: Campaign, scale: Scale): string {
  return fileURLToPath(new URL(`../../../experiments/gap/${FILES[campaign][scale]}`, import.meta.url));
}

/** The part of a configuration a choice of runs depends on. */
export type Choosable = Pick<ExperimentConfig, "optimizer" | "net" | "loss">;

/** Runs that are analysed together. */
export interface RunSet {
  readonly campaigns: readonly Campaign[];
  /** What differs between its runs besides the seed. */
  readonly varied: readonly Varied[];
  /** Which of the given configurations belong to it. Default all. */
  readonly choose?: (all: readonly Choosable[]) => (config: Choosable) => boolean;
}

/** Batch size, or null for gradient descent. */
export function batchOf({ optimizer }: Choosable): number | null {
  return optimizer.name === "gd" || optimizer.batch === "full" ? null : optimizer.batch;
}

/**
 * Gradient descent, and SGD with the given batch sizes when most of them exist; else with `instead` of all sizes: those
 * of a smaller problem have nothing to do with the paper's.
 */
export function withBatches(
  wanted: readonly number[],
  instead: (sizes: readonly number[]) => readonly number[],
): NonNullable<RunSet["choose"]> {
  return (all) => {
    const sizes = batchSizes(all);
    const known = wanted.filter((size) => sizes.includes(size));
    const chosen = new Set(2 * known.length > wanted.length ? known : instead(sizes));
    return (config) => {
      const batch = batchOf(config);
      return batch === null || chosen.has(batch);
    };
  };
}

/** All batch sizes, ascending. */
export function batchSizes(all: readonly Choosable[]): number[] {
  const sizes = new Set(all.map(batchOf).filter((size) => size !== null));
  return [...sizes].sort((a, b) => a - b);
}

/** Gradient descent, and SGD with the one batch size that was trained at most learning rates. */
export function atOneBatch(all: readonly Choosable[]): (config: Choosable) => boolean {
  const rates = (size: number): number =>
    new Set(all.filter((config) => batchOf(config) === size).map(({ optimizer }) => optimizer.lr)).size;
  const batch = batchSizes(all).reduce<number | null>(
    (best, size) => (best === null || rates(size) > rates(best) ? size : best),
    null,
  );
  return (config) => [null, batch].includes(batchOf(config));
}

/** Runs at the learning rate with the most batch sizes. */
export function atOneRate(all: readonly Choosable[]): (config: Choosable) => boolean {
  const rates = [...new Set(all.map(({ optimizer }) => optimizer.lr))];
  const sizes = (lr: number): number => batchSizes(all.filter(({ optimizer }) => optimizer.lr === lr)).length;
  const chosen = rates.reduce<number | null>(
    (best, lr) => (best === null || sizes(lr) > sizes(best) ? lr : best),
    null,
  );
  return ({ optimizer }) => optimizer.lr === chosen;
}
