// The machine's own ONNX Runtime matrix product: the rate against which the engine's gradient is held.
import * as ort from "onnxruntime-node";
import { DATA_TYPE, encodeModel, type ValueInfoProto } from "brink/onnx";
import { productFlops } from "./flops.ts";

const M = 5000;
const K = 3072;
const P = 200;

function filled(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i % 17) / 17 - 0.5);
}

/** A model of one node, MatMul, run on buffers that stay where they are. */
export interface MatrixProduct {
  readonly flops: number;
  run(): Promise<void>;
  dispose(): Promise<void>;
}

/** 5000×3072 · 3072×200 in float32: the first layer of FC-Tanh at n = 5,000. */
export async function matrixProduct(threads: number): Promise<MatrixProduct> {
  const value = (name: string, shape: readonly number[]): ValueInfoProto => ({
    name,
    elementType: DATA_TYPE.float,
    shape,
  });
  const bytes = encodeModel({
    irVersion: 8,
    producerName: "brink-bench",
    producerVersion: "",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "product",
      nodes: [
        { opType: "MatMul", domain: "", name: "product", inputs: ["a", "b"], outputs: ["c"], attributes: [] },
      ],
      initializers: [],
      inputs: [value("a", [M, K]), value("b", [K, P])],
      outputs: [value("c", [M, P])],
      valueInfo: [],
    },
    metadata: new Map(),
  });
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const feeds = {
    a: new ort.Tensor("float32", filled(M * K), [M, K]),
    b: new ort.Tensor("float32", filled(K * P), [K, P]),
  };
  const fetches = { c: new ort.Tensor("float32", new Float32Array(M * P), [M, P]) };
  return {
    flops: productFlops(M, K, P),
    run: async () => {
      await session.run(feeds, fetches);
    },
    dispose: () => session.release(),
  };
}
