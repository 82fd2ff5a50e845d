// Mistakes that only the data reveal, found for every variant before any training starts.
import { InputError } from "../../math/index.ts";
import { buildNetwork } from "../../nets/index.ts";
import { resolveBatch } from "../../optim/index.ts";
import { loadData } from "../assemble.ts";
import { resolveThreads } from "../devices.ts";
import type { Output } from "../output.ts";
import type { Variant } from "./plan.ts";

/** Problems spelled out; the others are counted. */
const MOST_SHOWN = 10;

/**
 * Loads each data set once, one at a time, and checks that every variant's network and batch fit.
 *
 * @throws InputError naming the variants that could not run
 */
export async function checkVariants(output: Output, variants: readonly Variant[]): Promise<void> {
  const problems: string[] = [];
  const notes = new Set<string>();
  const byData = new Map<string, Variant[]>();
  for (const variant of variants) {
    const key = JSON.stringify([variant.config.data, variant.config.precision]);
    byData.set(key, [...(byData.get(key) ?? []), variant]);
  }
  for (const group of byData.values()) {
    const { name, config } = group[0]!;
    const label = group.length === 1 ? name : `${name} and ${group.length - 1} more`;
    const found = await problemsOf(label, () => loadData(config, output.io));
    if ("problem" in found) {
      problems.push(found.problem);
      continue;
    }
    const dataset = found.value;
    for (const note of dataset.provenance.notes) notes.add(note);
    for (const variant of group) {
      const fits = await problemsOf(variant.name, () => {
        const { net, optimizer, threads } = variant.config;
        resolveThreads(threads);
        buildNetwork(net, dataset.inputShape, dataset.outputs);
        if (optimizer.name !== "gd") resolveBatch(optimizer.batch, dataset.train.n);
      });
      if ("problem" in fits) problems.push(fits.problem);
    }
  }
  for (const note of notes) output.note(note);
  if (problems.length === 0) return;
  const shown = problems.slice(0, MOST_SHOWN);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  throw new InputError(`nothing was started, because some runs cannot be:\n  ${shown.join("\n  ")}`);
}

async function problemsOf<T>(
  name: string,
  body: () => T | Promise<T>,
): Promise<{ readonly value: T } | { readonly problem: string }> {
  try {
    return { value: await body() };
  } catch (error) {
    if (error instanceof InputError) return { problem: `${name}: ${error.message}` };
    throw error;
  }
}
