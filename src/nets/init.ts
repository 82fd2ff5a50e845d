// Initial parameters: seeded, drawn in layout order, the same point in float32 and float64.
import {
  InputError,
  randomStream,
  vectorFrom,
  type DType,
  type RandomStream,
  type Vector,
} from "../math/index.ts";
import type { InitScheme } from "./config.ts";
import type { ParameterEntry } from "./layout.ts";
import type { Network } from "./network.ts";

type Draw = (entry: ParameterEntry, stream: RandomStream) => number;

interface Scheme {
  readonly weight: Draw;
  /** Null: the scheme has no distribution for biases, which then start at 0. */
  readonly bias: Draw | null;
}

/** U(−1/√fan_in, 1/√fan_in). */
function pytorchUniform(entry: ParameterEntry, stream: RandomStream): number {
  return (2 * stream.uniform() - 1) / Math.sqrt(entry.fanIn);
}

const schemes: Readonly<Record<InitScheme, Scheme>> = {
  // What torch.nn.Linear and Conv2d do: Kaiming-uniform with a = √5, which is U(±1/√fan_in), biases too.
  pytorch: { weight: pytorchUniform, bias: pytorchUniform },
  // Glorot & Bengio 2010.
  "xavier-normal": {
    weight: (entry, stream) => Math.sqrt(2 / (entry.fanIn + entry.fanOut)) * stream.normal(),
    bias: null,
  },
  // He et al. 2015, the gain √2 of ReLU, fan-in.
  "kaiming-normal": {
    weight: (entry, stream) => Math.sqrt(2 / entry.fanIn) * stream.normal(),
    bias: null,
  },
  // Where the theory of large steps with cross-entropy starts; a network with hidden layers stays symmetric.
  zeros: { weight: () => 0, bias: null },
};

/**
 * The initial θ of a network under its configured scheme and gains. Drawn in float64, then rounded, so that
 * runs in the two precisions start at the same point. Biases are zero when the configuration says so or the
 * scheme draws only weights.
 *
 * @param seed the experiment's seed; the stream is `randomStream(seed, "init")`
 * @returns vector of length `network.layout.size`
 * @throws InputError when the configuration names a parameter file, which the caller must read instead
 */
export function initialParameters(network: Network, seed: number, dtype: DType): Vector {
  const { init, gain, bias } = network.config;
  if (typeof init !== "string") {
    throw new InputError("the parameters of this network come from a file", {
      file: init.file,
      hint: "Read it and use parametersFromTensors",
    });
  }
  const scheme = schemes[init];
  const stream = randomStream(seed, "init");
  const theta = new Float64Array(network.layout.size);
  for (const entry of network.layout.entries) {
    const isWeight = entry.kind === "weight";
    const draw = isWeight ? scheme.weight : bias === "zero" ? null : scheme.bias;
    if (draw === null) continue;
    const factor = isWeight ? (typeof gain === "number" ? gain : gain[entry.layer]!) : 1;
    for (let i = entry.offset; i < entry.offset + entry.size; i++) theta[i] = factor * draw(entry, stream);
  }
  return vectorFrom(dtype, theta);
}
