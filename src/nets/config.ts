// Network configuration: plain types with every default stated, published presets by name, and the checks.
import { InputError, didYouMean } from "../math/index.ts";
import { checkActivation, type ActivationConfig } from "./activations.ts";

/** How weights start; see `initialParameters`. */
export type InitScheme = "pytorch" | "xavier-normal" | "kaiming-normal" | "zeros";

/** All schemes, in the order help texts list them. */
export const INIT_SCHEMES: readonly InitScheme[] = ["pytorch", "xavier-normal", "kaiming-normal", "zeros"];

/** A scheme, or the path of a parameter file (read by the caller; this layer opens no files). */
export type InitConfig = InitScheme | { readonly file: string };

/** `false`: no biases; `zero`: biases that start at 0; `true`: biases that start as the scheme says. */
export type BiasConfig = boolean | "zero";

/** What the configurable architectures share. */
interface CommonConfig {
  /** Default `pytorch` (`xavier-normal` for deep-linear). */
  readonly init?: InitConfig;
  /** Factor on the initial weights (biases are not scaled), or one factor a layer. Default 1. */
  readonly gain?: number | readonly number[];
  /** Default true (false for deep-linear). */
  readonly bias?: BiasConfig;
  /** Whether the last layer has a bias too. Default: as `bias`. */
  readonly outputBias?: boolean;
}

/** Linear layers with an activation after each but the last; `widths` are the hidden ones. */
export interface MlpConfig extends CommonConfig {
  readonly name: "mlp";
  /** Default [200, 200]. */
  readonly widths?: readonly number[];
  /** Default tanh. */
  readonly activation?: ActivationConfig;
}

/** Blocks of convolution (stride 1), activation, 2×2 pooling; then hidden linear layers; then the output layer. */
export interface CnnConfig extends CommonConfig {
  readonly name: "cnn";
  /** Output channels of each block. Default [32, 32]. */
  readonly channels?: readonly number[];
  /** Default 3. */
  readonly kernel?: number;
  /** `same`: zeros around, so that the size stays (odd kernels); `valid`: none. Default same. */
  readonly padding?: "same" | "valid";
  /** Default average. */
  readonly pooling?: "average" | "max";
  /** Widths of the linear layers before the output layer. Default [128]. */
  readonly hidden?: readonly number[];
  /** Default tanh. */
  readonly activation?: ActivationConfig;
}

/** `depth` linear layers with `width` hidden units and nothing between them. Defaults 20 and 50. */
export interface DeepLinearConfig extends CommonConfig {
  readonly name: "deep-linear";
  readonly depth?: number;
  readonly width?: number;
}

/**
 * Two layers in the mean-field scaling, f_k(x) = (1/m) Σ_j a_j φ(w_jkᵀx): every class has m hidden units of its own,
 * the outer weights a_j = ±1 alternate and stay, no biases (Emmanouilidis et al. 2026, arXiv:2606.30930). The
 * parameters are w/√m, so that a step of η on them is the step m·η on w which that scaling asks for, and norms,
 * gradients and sharpness come out independent of m.
 */
export interface MeanFieldConfig {
  readonly name: "mean-field";
  /** Hidden units m for each class. Default 512. */
  readonly width?: number;
  /** Default leaky-softplus. */
  readonly activation?: ActivationConfig;
  /** Of w, whatever m is. Default `pytorch`. */
  readonly init?: InitConfig;
  /** Factor on the initial w. Default 1. */
  readonly gain?: number;
}

/** A published architecture by name; only its initialisation can be changed. */
export interface PresetConfig {
  readonly name: string;
  readonly init?: InitConfig;
}

export type NetConfig = MlpConfig | CnnConfig | DeepLinearConfig | MeanFieldConfig | PresetConfig;

/** The architectures with options of their own. */
type ArchitectureConfig = MlpConfig | CnnConfig | DeepLinearConfig | MeanFieldConfig;

/** An architecture with every choice made; `activation` null means none (deep linear networks). */
export interface ResolvedNet {
  readonly channels: readonly number[];
  readonly kernel: number;
  readonly padding: number;
  readonly pooling: "average" | "max";
  readonly hidden: readonly number[];
  readonly activation: ActivationConfig | null;
  readonly bias: BiasConfig;
  readonly outputBias: boolean;
  /** Whether the last hidden layer is averaged by fixed outer weights, see `MeanFieldConfig`. */
  readonly meanField: boolean;
  readonly init: InitConfig;
  /** Factor on the drawn weights; that of the mean-field network includes 1/√m. */
  readonly gain: number | readonly number[];
}

const fc = (activation: string, ...widths: number[]): MlpConfig => ({ name: "mlp", widths, activation });
const cohenCnn = (activation: string, pooling: "average" | "max"): CnnConfig => ({
  name: "cnn",
  activation,
  pooling,
  hidden: [],
});

/**
 * Published architectures (Cohen et al. 2021; Liao et al. 2026; Emmanouilidis et al. 2026); inputs and outputs come from the data.
 * Cohen et al. 2021: `fc-*` (two hidden layers of 200), `fc-tanh-depth1…4`, `cnn-*` (max pooling), `cnn-avgpool-*`,
 * `deep-linear`, `regression`. The stochastic-gap paper: `gap-cnn`, whose channels, pooling and hidden width it
 * does not print. The cross-entropy paper: `gelu-8`, eight linear layers whose widths it does not print (200 here).
 */
export const PRESETS: Readonly<Record<string, MlpConfig | CnnConfig | DeepLinearConfig>> = {
  "fc-relu": fc("relu", 200, 200),
  "fc-elu": fc("elu", 200, 200),
  "fc-tanh": fc("tanh", 200, 200),
  "fc-hardtanh": fc("hardtanh", 200, 200),
  "fc-softplus": fc("softplus", 200, 200),
  "fc-tanh-depth1": fc("tanh", 200),
  "fc-tanh-depth2": fc("tanh", 200, 200),
  "fc-tanh-depth3": fc("tanh", 200, 200, 200),
  "fc-tanh-depth4": fc("tanh", 200, 200, 200, 200),
  "cnn-relu": cohenCnn("relu", "max"),
  "cnn-elu": cohenCnn("elu", "max"),
  "cnn-tanh": cohenCnn("tanh", "max"),
  "cnn-avgpool-relu": cohenCnn("relu", "average"),
  "cnn-avgpool-elu": cohenCnn("elu", "average"),
  "cnn-avgpool-tanh": cohenCnn("tanh", "average"),
  "gap-cnn": { name: "cnn", channels: [32, 32], pooling: "average", hidden: [128], activation: "tanh" },
  "deep-linear": { name: "deep-linear" },
  regression: {
    ...fc("tanh", 100),
    init: "xavier-normal",
    gain: [1.9, 1],
    bias: "zero",
    outputBias: false,
  },
  "gelu-8": fc("gelu", 200, 200, 200, 200, 200, 200, 200),
};

/** Names of the configurable architectures. */
export const ARCHITECTURE_NAMES: readonly string[] = ["mlp", "cnn", "deep-linear", "mean-field"];

/** Names of the presets. */
export const PRESET_NAMES: readonly string[] = Object.keys(PRESETS);

const allowedKeys: Readonly<Record<string, readonly string[]>> = {
  mlp: ["widths", "activation", "init", "gain", "bias", "outputBias"],
  cnn: [
    "channels",
    "kernel",
    "padding",
    "pooling",
    "hidden",
    "activation",
    "init",
    "gain",
    "bias",
    "outputBias",
  ],
  "deep-linear": ["depth", "width", "init", "gain", "bias", "outputBias"],
  "mean-field": ["width", "activation", "init", "gain"],
};

function unknown(what: string, field: string, received: string, allowed: readonly string[]): never {
  const hint = didYouMean(received, allowed);
  throw new InputError(what, { field, received, allowed, ...(hint === undefined ? {} : { hint }) });
}

/** Positive integers, or InputError naming the field. */
function counts(values: readonly number[], field: string): readonly number[] {
  values.forEach((value, k) => {
    if (Number.isSafeInteger(value) && value >= 1) return;
    throw new InputError("bad size", {
      field: values.length === 1 ? field : `${field}[${k}]`,
      received: String(value),
      allowed: "a positive integer",
    });
  });
  return values;
}

function choice<T>(value: T, field: string, allowed: readonly T[]): T {
  return allowed.includes(value)
    ? value
    : unknown(`unknown ${field}`, field, String(value), allowed.map(String));
}

/** Fills in the defaults and expands presets. Throws InputError for unknown names, keys and impossible values. */
export function resolveNet(config: NetConfig): ResolvedNet {
  const preset = Object.hasOwn(PRESETS, config.name) ? PRESETS[config.name] : undefined;
  if (preset && preset.name !== config.name) {
    for (const key of Object.keys(config)) {
      if (key !== "name" && key !== "init")
        unknown(`preset "${config.name}" only lets its initialisation be set`, key, key, ["name", "init"]);
    }
    return resolveNet(config.init === undefined ? preset : { ...preset, init: config.init });
  }
  const keys = Object.hasOwn(allowedKeys, config.name) ? allowedKeys[config.name] : undefined;
  if (!keys)
    unknown("unknown network", "net.name", config.name, [
      ...new Set([...ARCHITECTURE_NAMES, ...PRESET_NAMES]),
    ]);
  for (const key of Object.keys(config)) {
    if (key !== "name" && !keys.includes(key))
      unknown(`network "${config.name}" has no such option`, `net.${key}`, key, keys);
  }
  const net = withDefaults(config as ArchitectureConfig);
  counts(
    net.hidden,
    config.name === "mlp" ? "net.widths" : config.name === "cnn" ? "net.hidden" : "net.width",
  );
  if (net.activation !== null) checkActivation(net.activation);
  if (typeof net.init === "string") choice(net.init, "net.init", INIT_SCHEMES);
  choice(net.bias, "net.bias", [true, false, "zero"]);
  choice(net.pooling, "net.pooling", ["average", "max"]);
  checkGain(net);
  return net;
}

function withDefaults(config: ArchitectureConfig): ResolvedNet {
  if (config.name === "mean-field") return meanFieldDefaults(config);
  const { gain = 1, init = config.name === "deep-linear" ? "xavier-normal" : "pytorch" } = config;
  const bias = config.bias ?? config.name !== "deep-linear";
  const outputBias = config.outputBias ?? bias !== false;
  const common = { bias, outputBias, init, gain, meanField: false };
  const dense = { ...common, channels: [], kernel: 1, padding: 0, pooling: "average" as const };
  if (config.name === "mlp") {
    return { ...dense, hidden: config.widths ?? [200, 200], activation: config.activation ?? "tanh" };
  }
  if (config.name === "deep-linear") {
    const { depth = 20, width = 50 } = config;
    counts([depth], "net.depth");
    return { ...dense, hidden: new Array<number>(depth - 1).fill(width), activation: null };
  }
  const { kernel = 3 } = config;
  counts([kernel], "net.kernel");
  const padding = choice(config.padding ?? "same", "net.padding", ["same", "valid"]);
  if (padding === "same" && kernel % 2 === 0) {
    throw new InputError("only an odd kernel keeps the size of the image", {
      field: "net.kernel",
      received: String(kernel),
      hint: "Use an odd kernel, or padding: valid",
    });
  }
  return {
    ...common,
    channels: counts(config.channels ?? [32, 32], "net.channels"),
    kernel,
    padding: padding === "same" ? (kernel - 1) / 2 : 0,
    pooling: config.pooling ?? "average",
    hidden: config.hidden ?? [128],
    activation: config.activation ?? "tanh",
  };
}

function meanFieldDefaults(config: MeanFieldConfig): ResolvedNet {
  const { width = 512, activation = "leaky-softplus", init = "pytorch", gain = 1 } = config;
  counts([width], "net.width");
  return {
    channels: [],
    kernel: 1,
    padding: 0,
    pooling: "average",
    hidden: [width],
    activation,
    bias: false,
    outputBias: false,
    meanField: true,
    init,
    gain: gain / Math.sqrt(width),
  };
}

function checkGain(net: ResolvedNet): void {
  const gains = typeof net.gain === "number" ? [net.gain] : net.gain;
  const layers = net.channels.length + net.hidden.length + 1;
  if (!gains.every((gain) => Number.isFinite(gain) && gain > 0)) {
    throw new InputError("bad gain", {
      field: "net.gain",
      received: gains.join(", "),
      allowed: "positive numbers",
    });
  }
  if (typeof net.gain !== "number" && gains.length !== layers) {
    throw new InputError("one gain for each layer is needed", {
      field: "net.gain",
      received: `${gains.length} gains for ${layers} layers`,
    });
  }
}
