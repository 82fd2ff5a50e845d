// A problem's examples as measuring stable sets sees them: inputs, classes, and the network's outputs.
import type { Classifier } from "../lab/index.ts";
import { openDriftThread } from "../node/drift-thread.ts";
import type { Problem } from "./assemble.ts";

/** For cross-entropy, whose targets are checked to have one 1 each. */
export function classifierOf({
  dataset: { train, outputs },
  network,
  objective,
  backend,
}: Problem): Classifier {
  const label = (i: number): number => train.y.subarray(i * outputs, (i + 1) * outputs).indexOf(1);
  return {
    inputs: train.x,
    labels: Int32Array.from({ length: train.n }, (_, i) => label(i)),
    classes: outputs,
    net: network.config,
    outputs: (theta) => objective.outputs(theta),
    backend,
    driftThreads:
      backend.device === "cpu" ? { count: backend.threads - 1, open: openDriftThread } : undefined,
  };
}
