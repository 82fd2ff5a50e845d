// Whether runs may stand in one figure: they agree in everything but what the figure varies.
import { InputError } from "../../math/index.ts";
import { leafPaths, type Settings } from "../settings.ts";
import type { GapRun } from "./gap-run.ts";
import { groupBy } from "./statistic.ts";

/** What a figure may vary besides the seed. */
export type Varied = "batch" | "lr";

/** Settings that change neither what is trained nor what its equilibrium is. */
const IRRELEVANT =
  /^(?:name|seed|steps|report|threads|device|memory|data\.dir|measure\..*|stop\..*|checkpoint\..*|optimizer\.name)$/;
/** Settings that say nothing about gradient descent. */
const STOCHASTIC = /^optimizer\.(?:batch|sampling)$/;

/**
 * Checks that runs can be compared: data, network, loss, precision, learning rate and sampling are the same, apart from
 * what is `varied`, and no batch size and learning rate has a seed twice.
 *
 * @throws InputError naming the keys in which they differ with the values, the two runs, or that there are none
 */
export function checkComparable(runs: readonly GapRun[], varied: readonly Varied[]): void {
  if (runs.length === 0) {
    throw new InputError("no runs to analyse", {
      hint: "Train some with `brink sweep`, or name a folder that has them",
    });
  }
  const free = new Set(varied.map((name) => `optimizer.${name}`));
  const values = new Map<string, Map<string, string>>();
  for (const run of runs) {
    for (const [key, value] of leaves(run)) {
      if (free.has(key) || IRRELEVANT.test(key) || (run.batch === "full" && STOCHASTIC.test(key))) continue;
      const seen = values.get(key) ?? new Map<string, string>();
      if (!seen.has(value)) values.set(key, seen.set(value, run.id));
    }
  }
  const mixed = [...values].filter(([, seen]) => seen.size > 1);
  if (mixed.length > 0) {
    const found = mixed.map(
      ([key, seen]) => `${key} is ${[...seen].map(([value, id]) => `${value} (${id})`).join(" and ")}`,
    );
    throw new InputError(`these runs cannot stand in one figure: ${found.join("; ")}`, {
      hint: "Choose runs that agree in those settings",
    });
  }
  const taken = new Map<string, string>();
  for (const { id, seed, batch, lr, sampling } of runs) {
    const key = JSON.stringify([batch, lr, batch === "full" ? null : sampling, seed]);
    const other = taken.get(key);
    if (other !== undefined) {
      throw new InputError("two runs are the same experiment and seed, and would count twice in every mean", {
        received: `${other} and ${id}`,
        hint: "Choose one of them",
      });
    }
    taken.set(key, id);
  }
}

/**
 * Sorts runs into families that `checkComparable` lets stand together with batch size and learning rate varied.
 * Gradient descent, which draws no batches, belongs to the family of every sampling.
 */
export function comparableFamilies(runs: readonly GapRun[]): GapRun[][] {
  const problems = groupBy(runs, (run) =>
    JSON.stringify(
      leaves(run).filter(([key]) => !IRRELEVANT.test(key) && !STOCHASTIC.test(key) && key !== "optimizer.lr"),
    ),
  );
  return [...problems.values()].flatMap((members) => {
    const descent = members.filter(({ batch }) => batch === "full");
    const stochastic = members.filter(({ batch }) => batch !== "full");
    const bySampling = [...groupBy(stochastic, ({ sampling }) => sampling).values()];
    return bySampling.length === 0 ? [descent] : bySampling.map((sampled) => descent.concat(sampled));
  });
}

/** Every setting as text, by dotted key; a section that is off is a leaf of that name. */
function leaves({ config }: GapRun): (readonly [string, string])[] {
  const settings = config as unknown as Settings;
  return leafPaths(settings).map((path) => {
    let value: unknown = settings;
    for (const part of path) value = (value as Settings)[part];
    return [path.join("."), JSON.stringify(value)] as const;
  });
}
