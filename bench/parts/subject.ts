// A network on the benchmark's examples as the engine runs it: objective, device and starting parameters.
import * as ort from "onnxruntime-node";
import { NetworkObjective } from "brink/curvature";
import type { Dataset } from "brink/data";
import type { Vector } from "brink/math";
import { buildNetwork, initialParameters } from "brink/nets";
import { onnxRuntimeBackend } from "brink/runtime";

/** What is measured: an objective and the point where. */
export interface Subject {
  readonly objective: NetworkObjective;
  readonly theta: Vector;
}

/** A preset network with the mean of ½·Σ squared error, float32, on ONNX Runtime's CPU provider. */
export function createSubject(
  net: "fc-tanh" | "cnn-tanh",
  images: Dataset,
  threads: number,
  memoryBudget?: number,
): Subject {
  const network = buildNetwork({ name: net }, images.inputShape, images.outputs);
  const objective = new NetworkObjective({
    network,
    loss: "mse",
    train: images.train,
    classes: images.classes,
    dtype: "float32",
    backend: onnxRuntimeBackend(ort, { device: "cpu", threads }),
    ...(memoryBudget === undefined ? {} : { memoryBudget }),
  });
  return { objective, theta: initialParameters(network, 0, "float32") };
}
