// Every control of the playground, once: the form, the address and the defaults at the same time.
import type {
  ChoiceProperty,
  FlagProperty,
  NumberProperty,
  NumbersProperty,
  TextProperty,
  Values,
} from "../kit/properties.ts";

type Activation = "tanh" | "relu" | "gelu" | "elu" | "softplus" | "silu" | "hardtanh" | "identity";
const ACTIVATIONS: readonly Activation[] = [
  "tanh",
  "relu",
  "gelu",
  "elu",
  "softplus",
  "silu",
  "hardtanh",
  "identity",
];

type Numbers = Readonly<
  Record<
    | "degree"
    | "n"
    | "classes"
    | "size"
    | "depth"
    | "gain"
    | "lr"
    | "batch"
    | "seed"
    | "steps"
    | "every"
    | "k"
    | "tol",
    NumberProperty
  >
>;
type Flags = Readonly<Record<"noise" | "bs" | "landscape" | "evenodd", FlagProperty>>;

/** The kinds of the controls, by name. */
export type PlaygroundProperties = Numbers &
  Flags & {
    readonly story: TextProperty;
    readonly data: ChoiceProperty<"chebyshev" | "gaussians" | "synthetic-images" | "file">;
    readonly net: ChoiceProperty<"mlp" | "cnn" | "deep-linear">;
    readonly widths: NumbersProperty;
    readonly channels: NumbersProperty;
    readonly activation: ChoiceProperty<Activation>;
    readonly init: ChoiceProperty<"pytorch" | "xavier-normal" | "kaiming-normal">;
    readonly bias: ChoiceProperty<"yes" | "zero" | "no">;
    readonly loss: ChoiceProperty<"mse" | "mse-sum" | "ce">;
    readonly rule: ChoiceProperty<"gd" | "sgd">;
    readonly sampling: ChoiceProperty<"shuffle" | "without" | "with">;
    readonly precision: ChoiceProperty<"float32" | "float64">;
    readonly device: ChoiceProperty<"cpu" | "webgpu">;
    readonly x: ChoiceProperty<"step" | "time">;
  };

/** What the page can be told. Names are those of the address; they must stay. */
export const PLAYGROUND: PlaygroundProperties = {
  story: { kind: "text", label: "Story", fallback: "progressive-sharpening" },
  data: {
    kind: "choice",
    label: "Data",
    fallback: "chebyshev",
    choices: ["chebyshev", "gaussians", "synthetic-images", "file"],
    names: {
      chebyshev: "polynomial",
      gaussians: "Gaussians",
      "synthetic-images": "images",
      file: "dropped file",
    },
    help: "Drop a CIFAR-10, MNIST, .npz or .safetensors file anywhere on the page to train on it",
  },
  degree: { kind: "number", label: "Degree", fallback: 4, min: 0, max: 100, integer: true },
  n: { kind: "number", label: "Examples n", fallback: 20, min: 2, max: 60000, integer: true },
  classes: { kind: "number", label: "Classes", fallback: 4, min: 2, max: 100, integer: true },
  size: {
    kind: "number",
    label: "Image size",
    fallback: 6,
    min: 2,
    max: 32,
    integer: true,
    help: "Height and width in pixels, three colours",
  },
  net: {
    kind: "choice",
    label: "Network",
    fallback: "mlp",
    choices: ["mlp", "cnn", "deep-linear"],
    names: { mlp: "fully connected", cnn: "convolutional", "deep-linear": "deep linear" },
  },
  widths: { kind: "numbers", label: "Hidden widths", fallback: [100], min: 1, max: 4096, integer: true },
  channels: { kind: "numbers", label: "Channels", fallback: [8], min: 1, max: 256, integer: true },
  depth: { kind: "number", label: "Layers", fallback: 2, min: 1, max: 100, integer: true },
  activation: { kind: "choice", label: "Activation", fallback: "tanh", choices: ACTIVATIONS },
  init: {
    kind: "choice",
    label: "Start",
    fallback: "xavier-normal",
    choices: ["pytorch", "xavier-normal", "kaiming-normal"],
  },
  gain: { kind: "number", label: "Gain of the start", fallback: 1.9, above: 0, max: 100 },
  bias: {
    kind: "choice",
    label: "Biases",
    fallback: "zero",
    choices: ["yes", "zero", "no"],
    names: { zero: "start at zero" },
  },
  loss: {
    kind: "choice",
    label: "Loss",
    fallback: "mse",
    choices: ["mse", "mse-sum", "ce"],
    names: { mse: "squared error", "mse-sum": "squared error, no ½", ce: "cross-entropy" },
  },
  rule: {
    kind: "choice",
    label: "Optimiser",
    fallback: "gd",
    choices: ["gd", "sgd"],
    names: { gd: "gradient descent", sgd: "SGD" },
  },
  lr: { kind: "number", label: "Learning rate η", fallback: 0.2, above: 0, max: 1e6 },
  batch: { kind: "number", label: "Batch b", fallback: 10, min: 1, max: 60000, integer: true },
  sampling: {
    kind: "choice",
    label: "Sampling",
    fallback: "shuffle",
    choices: ["shuffle", "without", "with"],
    names: { shuffle: "shuffled epochs", without: "without replacement", with: "with replacement" },
  },
  seed: { kind: "number", label: "Seed", fallback: 0, min: 0, max: 4294967295, integer: true, always: true },
  steps: { kind: "number", label: "Steps", fallback: 4000, min: 1, max: 10_000_000, integer: true },
  precision: { kind: "choice", label: "Precision", fallback: "float32", choices: ["float32", "float64"] },
  device: {
    kind: "choice",
    label: "Device",
    fallback: "cpu",
    choices: ["cpu", "webgpu"],
    names: { cpu: "processor", webgpu: "WebGPU" },
  },
  every: {
    kind: "number",
    label: "Measure every",
    fallback: 5,
    min: 1,
    max: 100000,
    integer: true,
    help: "Steps between measurements; an even number alternates parity",
  },
  k: { kind: "number", label: "Eigenvalues", fallback: 2, min: 1, max: 20, integer: true },
  tol: {
    kind: "number",
    label: "Their tolerance",
    fallback: 1e-4,
    above: 0,
    max: 0.1,
    help: "Relative residual at which an eigenvector is good enough",
  },
  noise: { kind: "flag", label: "Gradient noise σ_u²", fallback: false },
  bs: {
    kind: "flag",
    label: "Batch sharpness",
    fallback: false,
    help: "Curvature along batch gradients, from 30 batches",
  },
  landscape: {
    kind: "flag",
    label: "∇S and (x, y)",
    fallback: true,
    help: "The gradient of the sharpness, and the phase plot of the oscillation",
  },
  x: {
    kind: "choice",
    label: "Horizontal axis",
    fallback: "step",
    choices: ["step", "time"],
    names: { time: "effective time η·step" },
  },
  evenodd: { kind: "flag", label: "Even and odd steps apart", fallback: false },
};

export type PlaygroundValues = Values<PlaygroundProperties>;
export type PlaygroundName = keyof PlaygroundProperties;

/** What can change in a fork: the step from the same weights, and what is measured. */
export const FORKABLE: ReadonlySet<PlaygroundName> = new Set([
  "rule",
  "lr",
  "batch",
  "sampling",
  "steps",
  "every",
  "k",
  "tol",
  "noise",
  "bs",
  "landscape",
]);

/** What changes neither a run nor its measurements. */
export const VIEW_ONLY: ReadonlySet<PlaygroundName> = new Set(["story", "x", "evenodd"]);

/** The controls that mean something under the present choices, by group of the form. */
export function shownControls(
  values: PlaygroundValues,
): readonly { readonly title: string; readonly names: readonly PlaygroundName[] }[] {
  const data: Record<PlaygroundValues["data"], readonly PlaygroundName[]> = {
    chebyshev: ["degree", "n"],
    gaussians: ["classes", "n"],
    "synthetic-images": ["classes", "size", "n"],
    file: ["n"],
  };
  const sgd: readonly PlaygroundName[] = ["batch", "sampling"];
  const start: readonly PlaygroundName[] = ["init", "gain", "bias"];
  const net: Record<PlaygroundValues["net"], readonly PlaygroundName[]> = {
    mlp: ["widths", "activation", ...start],
    cnn: ["channels", "widths", "activation", ...start],
    "deep-linear": ["depth", "widths", ...start],
  };
  return [
    { title: "Data", names: ["data", ...data[values.data]] },
    { title: "Network", names: ["net", ...net[values.net], "loss"] },
    { title: "Optimiser", names: ["rule", "lr", ...(values.rule === "sgd" ? sgd : []), "steps", "seed"] },
    { title: "Measured", names: ["every", "k", "tol", "landscape", "noise", "bs"] },
    { title: "Computed", names: ["precision", "device"] },
    { title: "Shown", names: ["x", "evenodd"] },
  ];
}
