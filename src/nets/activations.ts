// Activation functions as tensor programs, and the leaky templates of the cross-entropy theory with their constants.
import { InputError, didYouMean } from "../math/index.ts";
import {
  abs,
  add,
  div,
  erf,
  exp,
  less,
  mul,
  relu,
  sigmoid,
  sign,
  softplus,
  sub,
  tanh,
  where,
  type Node,
} from "../tensor/index.ts";

/** An activation by name, or with its parameters. */
export type ActivationConfig = string | ActivationOptions;

/** Parameters of the activations that have any; each is an error on one that has not. */
export interface ActivationOptions {
  readonly name: string;
  /** `leaky-relu`: slope for negative arguments (default 0.01). */
  readonly slope?: number;
  /** Leaky templates: the share c of the identity, 0 ≤ c ≤ 1 (default 0.5). */
  readonly leak?: number;
  /** `leaky-huber`: width h > 0 of the quadratic piece (default 1). */
  readonly width?: number;
  /** Leaky templates: divide by the largest slope, so that φ′ ≤ 1 (default false). */
  readonly rescale?: boolean;
}

/** Bounds of the theory's Assumption 5.1 (Emmanouilidis et al. 2026, arXiv:2606.30930) on an activation φ. */
export interface ActivationConstants {
  /** inf φ′. */
  readonly lower: number;
  /** sup φ′. */
  readonly upper: number;
  /** sup |φ″|: the Lipschitz constant of φ′. */
  readonly smoothness: number;
  /** sup |φ(z) − z·φ′(z)|: how far φ is from being homogeneous. */
  readonly nearHomogeneity: number;
}

function elu(x: Node): Node {
  // The exponential sees only negative arguments: no overflow, and no 0·∞ in the branch not taken.
  const negative = less(x, 0);
  return where(negative, sub(exp(where(negative, x, 0)), 1), x);
}

function gelu(x: Node): Node {
  return mul(0.5, mul(x, add(1, erf(mul(Math.SQRT1_2, x)))));
}

function silu(x: Node): Node {
  return mul(x, sigmoid(x));
}

function leakyRelu(x: Node, slope: number): Node {
  return add(mul(slope, x), mul(1 - slope, relu(x)));
}

/** 0 for z ≤ 0, z²/(2h) up to h, z − h/2 beyond; as t·(z − t/2)/h with t = z clipped to [0, h], which loses no digits. */
function huber(x: Node, width: number): Node {
  const clipped = where(less(x, width), relu(x), width);
  return div(mul(clipped, sub(x, mul(0.5, clipped))), width);
}

type Plain = (x: Node) => Node;

// Slopes at kinks are PyTorch's: relu′(0) = 0, leaky-relu′(0) = slope, elu′(0) = 1, hardtanh′(±1) = 0.
const plain: Readonly<Record<string, Plain>> = {
  tanh,
  relu,
  elu,
  hardtanh: (x) => where(less(abs(x), 1), x, sign(x)),
  softplus,
  gelu,
  silu,
  sigmoid,
  identity: (x) => x,
};

interface Base {
  readonly apply: (x: Node, width: number) => Node;
  readonly constants: (width: number) => ActivationConstants;
}

// Extremes of SiLU's slope, and of its distance from homogeneity, all lie at the root of z·tanh(z/2) = 2.
const siluRoot = 2.399_357_280_515_467_5;
const siluTail = 1 / (1 + Math.exp(-siluRoot));
const siluUpper = siluTail * (1 + siluRoot * (1 - siluTail));
// GELU's slope Φ(z) + z·φ(z) is extreme at z = ±√2; there Φ(√2) = (1 + erf 1)/2.
const geluUpper = 0.5 * (1 + 0.842_700_792_949_714_9) + 1 / (Math.E * Math.sqrt(Math.PI));

function fixed(constants: ActivationConstants): () => ActivationConstants {
  return () => constants;
}

/** Bases s of the templates c·z + (1 − c)·s(z). Constants in closed form; none depends on a fit. */
const bases: Readonly<Record<string, Base>> = {
  tanh: {
    apply: tanh,
    constants: fixed({ lower: 0, upper: 1, smoothness: 4 / (3 * Math.sqrt(3)), nearHomogeneity: 1 }),
  },
  sigmoid: {
    apply: sigmoid,
    constants: fixed({ lower: 0, upper: 0.25, smoothness: 1 / (6 * Math.sqrt(3)), nearHomogeneity: 1 }),
  },
  softplus: {
    apply: softplus,
    constants: fixed({ lower: 0, upper: 1, smoothness: 0.25, nearHomogeneity: Math.LN2 }),
  },
  silu: {
    apply: silu,
    constants: fixed({
      lower: 1 - siluUpper,
      upper: siluUpper,
      smoothness: 0.5,
      nearHomogeneity: siluRoot ** 2 * siluTail * (1 - siluTail),
    }),
  },
  gelu: {
    apply: gelu,
    constants: fixed({
      lower: 1 - geluUpper,
      upper: geluUpper,
      smoothness: 2 / Math.sqrt(2 * Math.PI),
      nearHomogeneity: 2 / (Math.E * Math.sqrt(2 * Math.PI)),
    }),
  },
  huber: {
    apply: huber,
    constants: (width) => ({ lower: 0, upper: 1, smoothness: 1 / width, nearHomogeneity: width / 2 }),
  },
};

/** Names of the leaky templates: `leaky-tanh`, `leaky-softplus`, … */
export const LEAKY_NAMES: readonly string[] = Object.keys(bases).map((base) => `leaky-${base}`);

/** Names of all activations. */
export const ACTIVATION_NAMES: readonly string[] = [...Object.keys(plain), "leaky-relu", ...LEAKY_NAMES];

interface Resolved {
  readonly base: Base | null;
  readonly options: ActivationOptions;
}

function number(options: ActivationOptions, key: "slope" | "leak" | "width", fallback: number): number {
  const value = options[key] ?? fallback;
  const valid =
    key === "width"
      ? value > 0 && Number.isFinite(value)
      : key === "leak"
        ? value >= 0 && value <= 1
        : Number.isFinite(value);
  if (valid) return value;
  throw new InputError(`bad parameter of activation "${options.name}"`, {
    field: key,
    received: String(value),
    allowed:
      key === "width" ? "a positive number" : key === "leak" ? "a number from 0 to 1" : "a finite number",
  });
}

/** Looks an activation up and rejects parameters it does not have. */
function resolve(config: ActivationConfig): Resolved {
  const options: ActivationOptions = typeof config === "string" ? { name: config } : config;
  if (!ACTIVATION_NAMES.includes(options.name)) {
    const hint = didYouMean(options.name, ACTIVATION_NAMES);
    throw new InputError("unknown activation", {
      field: "activation",
      received: options.name,
      allowed: ACTIVATION_NAMES,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const base = options.name === "leaky-relu" ? null : (bases[options.name.replace(/^leaky-/, "")] ?? null);
  const leaky = LEAKY_NAMES.includes(options.name) ? base : null;
  const allowed = ["name"];
  if (options.name === "leaky-relu") allowed.push("slope");
  if (leaky) allowed.push("leak", "rescale");
  if (options.name === "leaky-huber") allowed.push("width");
  for (const key of Object.keys(options)) {
    if (allowed.includes(key)) continue;
    throw new InputError(`activation "${options.name}" has no such parameter`, { field: key, allowed });
  }
  return { base: leaky, options };
}

/** Throws InputError when the name or a parameter is not valid. */
export function checkActivation(config: ActivationConfig): void {
  const { base, options } = resolve(config);
  number(options, "slope", 0.01);
  if (base) number(options, "leak", 0.5);
  if (base) number(options, "width", 1);
}

/** φ(x), elementwise. Throws InputError for an unknown name (with the nearest) or parameter. */
export function activate(config: ActivationConfig, x: Node): Node {
  const { base, options } = resolve(config);
  if (options.name === "leaky-relu") return leakyRelu(x, number(options, "slope", 0.01));
  if (!base) return plain[options.name]!(x);
  const leak = number(options, "leak", 0.5);
  const scale = options.rescale === true ? 1 / leakyUpper(base, options) : 1;
  const curved = base.apply(x, number(options, "width", 1));
  return add(mul(scale * leak, x), mul(scale * (1 - leak), curved));
}

function leakyUpper(base: Base, options: ActivationOptions): number {
  const leak = number(options, "leak", 0.5);
  return leak + (1 - leak) * base.constants(number(options, "width", 1)).upper;
}

/**
 * Exact bounds of a leaky template c·z + (1 − c)·s(z) (Emmanouilidis et al. 2026, Lemma 5.2): `lower` and `upper` are
 * c + (1 − c)·{inf, sup} s′, the other two (1 − c) times those of s, all divided by `upper` when rescaled.
 * Throws InputError for any other activation.
 */
export function activationConstants(config: ActivationConfig): ActivationConstants {
  const { base, options } = resolve(config);
  if (!base) {
    throw new InputError("only leaky templates have these constants", {
      field: "activation",
      received: options.name,
      allowed: LEAKY_NAMES,
    });
  }
  const leak = number(options, "leak", 0.5);
  const own = base.constants(number(options, "width", 1));
  const upper = leakyUpper(base, options);
  const scale = options.rescale === true ? 1 / upper : 1;
  return {
    lower: scale * (leak + (1 - leak) * own.lower),
    upper: scale * upper,
    smoothness: scale * (1 - leak) * own.smoothness,
    nearHomogeneity: scale * (1 - leak) * own.nearHomogeneity,
  };
}

/** Short text for descriptions: the name, with parameters when given. */
export function activationText(config: ActivationConfig): string {
  if (typeof config === "string") return config;
  const parameters = Object.entries(config).filter(([key]) => key !== "name");
  return parameters.length === 0
    ? config.name
    : `${config.name}(${parameters.map(([key, value]) => `${key} ${value}`).join(", ")})`;
}
