// Which theorems of arXiv 2606.30930 speak about a run: the model, the normalised data, and the constants they give.
import { activationConstants, LEAKY_NAMES, resolveNet } from "../../nets/index.ts";
import type { StabilityProblemRecord } from "../../record/index.ts";
import {
  linearModelConstants,
  meanFieldConstants,
  type ModelConstants,
  type StabilitySetting,
  theoryApplicable,
} from "../../theory/index.ts";
import type { ExperimentConfig } from "../config-types.ts";

/** The setting of the theorems, or why there is none. */
export interface TheorySetting {
  readonly setting: StabilitySetting | null;
  /** Why no theorem speaks about the run; null when one does. */
  readonly reason: string | null;
  /** What a reader must know beside it: how inputs were normalised, which sampling stands for which. */
  readonly notes: readonly string[];
  /** What inputs were divided by in the setting: gradients of the run are those of the setting times it. */
  readonly scale: number;
}

/** 1, with room for the rounding of inputs that were scaled into the unit ball. */
const LONGEST = 1 + 1e-5;

type Found = { readonly model: ModelConstants } | { readonly reason: string };

/**
 * Inputs longer than 1 are divided by the largest norm s. For the linear model that is the same run with learning rate
 * ηs², step for step, so the theorems are read there; for other networks it is another run, and nothing is claimed.
 */
export function theorySetting(
  config: ExperimentConfig,
  problem: StabilityProblemRecord | null,
): TheorySetting {
  if (problem === null) return none("the record does not begin with the run, so data and margin are unknown");
  const { examples: n, classes, largestNorm } = problem;
  const scale = largestNorm > LONGEST ? largestNorm : 1;
  const found = modelOf(config, problem, scale);
  if ("reason" in found) return none(found.reason);
  const { optimizer } = config;
  const batch = optimizer.name === "gd" || optimizer.batch === "full" ? n : optimizer.batch;
  const sampling = optimizer.name === "gd" ? "without" : optimizer.sampling;
  const notes: string[] = [];
  if (scale > 1) {
    notes.push(
      `inputs are as long as ${scale.toPrecision(4)}: bounds are those of inputs divided by that, at learning rate ${(optimizer.lr * scale ** 2).toPrecision(4)}, which is the same run`,
    );
  }
  if (sampling !== "with" && batch < n) {
    notes.push(
      `the theorems draw batches with replacement; sampling: ${sampling} has the noise of subsets at every single step, and constants for it`,
    );
  }
  return {
    setting: {
      n,
      classes,
      lr: optimizer.lr * scale ** 2,
      batch,
      sampling,
      model: found.model,
      initialNorm: problem.initialNorm * scale,
    },
    reason: null,
    notes,
    scale,
  };
}

function none(reason: string): TheorySetting {
  return { setting: null, reason, notes: [], scale: 1 };
}

function modelOf(
  { net }: ExperimentConfig,
  { margin, zeroInputs, largestNorm }: StabilityProblemRecord,
  scale: number,
): Found {
  const { hidden, channels, bias, outputBias, meanField, activation } = resolveNet(net);
  if (!meanField && (hidden.length > 0 || channels.length > 0)) {
    return { reason: "the theorems are about linear models and two-layer mean-field networks" };
  }
  if (bias !== false || outputBias)
    return { reason: "the theorems are about models without bias (bias: false)" };
  if (margin === undefined) return { reason: "the margin was not measured (measure.stability.margin)" };
  if (zeroInputs > 0) {
    return {
      reason: `${zeroInputs} of the inputs are zero vectors, which no model without bias tells apart`,
    };
  }
  if (margin.value === null) return { reason: margin.sentence };
  if (!meanField) {
    const { applicable, reason } = theoryApplicable(margin.value);
    return applicable ? { model: linearModelConstants(margin.value / scale) } : { reason: reason! };
  }
  if (largestNorm > LONGEST) {
    return {
      reason: `inputs are as long as ${largestNorm.toPrecision(4)}, and the theorems about networks need lengths up to 1 (data.unitBall: true)`,
    };
  }
  const name = typeof activation === "string" ? activation : activation!.name;
  if (!LEAKY_NAMES.includes(name)) {
    return { reason: `the theorems are about leaky activations (${LEAKY_NAMES.join(", ")}), not ${name}` };
  }
  const constants = activationConstants(activation!);
  const { applicable, reason } = theoryApplicable(margin.value, constants);
  return applicable
    ? { model: meanFieldConstants(margin.value, hidden[0]!, constants) }
    : { reason: reason! };
}
