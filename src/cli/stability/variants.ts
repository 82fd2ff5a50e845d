// The runs an experiment file stands for, each with stable sets measured.
import { expandSweep } from "../../lab/index.ts";
import { loadExperiment } from "../experiment-file.ts";
import type { ConfigOptions } from "../host.ts";
import type { Io } from "../output.ts";
import { pinThreads, type Variant } from "../sweep/plan.ts";

/**
 * Switches `measure.stability` on where the file leaves it off.
 *
 * @throws InputError when the file is not an experiment with cross-entropy
 */
export function stabilityVariants(
  io: Io,
  file: string,
  options: ConfigOptions,
): { readonly name: string; readonly variants: readonly Variant[] } {
  const given = loadExperiment(io, file, options);
  const asked = given.config.measure.stability !== false;
  const set = [...(asked ? [] : ["measure.stability=true"]), ...(options.set ?? [])];
  const parsed = asked ? given : loadExperiment(io, file, { ...options, set });
  return { name: parsed.config.name, variants: pinThreads(expandSweep(parsed), options.threads) };
}
