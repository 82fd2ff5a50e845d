// The options of every data set, as types; options.ts holds their defaults and the check.
import type { DType } from "../math/index.ts";

/** How examples are chosen and turned into network inputs and targets; shared by all sets read from files. */
export interface PreparationSettings {
  /** Training examples to use. */
  readonly n: number | "all";
  /** Test examples to use; 0 for none. A set without test data has none and says so. */
  readonly testN: number | "all";
  /** `first`: in file order; `random`: a uniform sample without replacement under `seed`. */
  readonly subset: "first" | "random";
  readonly seed: number;
  /**
   * Subtract the mean and divide by the population standard deviation of the whole training set, for every
   * input (`pixel`, Cohen et al. 2021) or for every channel (`channel`).
   */
  readonly standardize: "pixel" | "channel" | "none";
  /** Divide all inputs by the largest norm of a training input, after standardisation: lengths up to 1. */
  readonly unitBall: boolean;
  /** Targets of labelled data: one-hot 0/1, or ±1 (one column when there are two classes). */
  readonly targets: "onehot" | "pm1";
  /**
   * Classes to keep: a list, relabelled 0, 1, … in the order given, where an entry that is itself a list makes its
   * classes one; a number k for the first k; null for all.
   */
  readonly classes: number | readonly ClassEntry[] | null;
  /** Precision of the arrays; null follows the source (float64 only when the source is). */
  readonly dtype: DType | null;
}

/** A class by its number, or several that count as one. */
export type ClassEntry = number | readonly number[];

/** CIFAR-10 (binary version), MNIST or Fashion-MNIST. */
export interface ImageSetSettings extends PreparationSettings {
  readonly name: "cifar10" | "mnist" | "fashion-mnist";
  /** Data folder; null for BRINK_DATA or the user's cache folder. */
  readonly dir: string | null;
}

/** Anyone's data: a safetensors or npz file with tensors `x`, `y` and optionally `x_test`, `y_test`. */
export interface ArraysSettings extends PreparationSettings {
  readonly name: "arrays";
  readonly file: string;
  readonly dir: string | null;
}

/** n points equally spaced in [-1, 1], ends included, with targets T_degree(x) (Cohen et al. 2021, section 5). */
export interface ChebyshevSettings {
  readonly name: "chebyshev";
  readonly degree: number;
  readonly n: number;
  readonly dtype: DType | null;
}

/** Gaussian classes, every point kept on its own side of every other class: separable without a bias. */
export interface GaussiansSettings {
  readonly name: "gaussians";
  readonly classes: number;
  readonly n: number;
  readonly testN: number;
  readonly features: number;
  /** Norm of the class means before scaling. */
  readonly radius: number;
  /** Standard deviation of every coordinate before rejection and scaling. */
  readonly sigma: number;
  /** Least distance to every other class's dividing plane, in the units of `radius`; points nearer are redrawn. */
  readonly margin: number;
  /** Scale all inputs so that the largest norm is 1. */
  readonly unitBall: boolean;
  readonly targets: "onehot" | "pm1";
  readonly seed: number;
  readonly dtype: DType | null;
}

/** Seeded small images with 1/f spectra and deformed class templates; see synthetic-images.ts for the model. */
export interface SyntheticImagesSettings {
  readonly name: "synthetic-images";
  readonly n: number;
  readonly testN: number;
  readonly classes: number;
  /** Height and width in pixels. */
  readonly size: number;
  readonly channels: number;
  /** Templates per class. */
  readonly modes: number;
  /** Standard deviation of the class template in an image. */
  readonly signal: number;
  /** Standard deviation of the 1/f noise field in an image. */
  readonly noise: number;
  /** Standard deviation of the independent noise of each pixel. */
  readonly pixelNoise: number;
  /** Exponent p of the power spectrum 1/f^p of templates and noise. */
  readonly spectrum: number;
  /** Root-mean-square displacement of the template's points, as a fraction of the image. */
  readonly deformation: number;
  /** Standard deviation of the logarithm of the template's contrast. */
  readonly contrast: number;
  /** Probability that the template appears negated. */
  readonly polarity: number;
  /** Strength of the second and third colour direction relative to luminance. */
  readonly colour: number;
  /** Fraction of training and test labels redrawn at random. */
  readonly labelNoise: number;
  readonly standardize: "pixel" | "channel" | "none";
  readonly targets: "onehot" | "pm1";
  readonly seed: number;
  readonly dtype: DType | null;
}

/** A data section with every option present. */
export type DataSettings =
  | ImageSetSettings
  | ArraysSettings
  | ChebyshevSettings
  | GaussiansSettings
  | SyntheticImagesSettings;

/** Options as a user gives them: the name (and `file` for arrays) is required, all else has a default. */
type Given<T extends { readonly name: string }> = { readonly name: T["name"] } & {
  readonly [K in Exclude<keyof T, "name" | "file">]?: T[K] | undefined;
} & { readonly [K in Extract<keyof T, "file">]: T[K] };

/** The `data` section of an experiment. */
export type DataConfig =
  | Given<ImageSetSettings>
  | Given<ArraysSettings>
  | Given<ChebyshevSettings>
  | Given<GaussiansSettings>
  | Given<SyntheticImagesSettings>;

export type DataName = DataSettings["name"];
