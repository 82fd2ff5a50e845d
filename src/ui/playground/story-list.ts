// The stories as data: settings that differ from the defaults, and what they do, as it came out in this page.
import type { PlaygroundValues } from "./properties.ts";

export interface Story {
  readonly id: string;
  readonly title: string;
  /** What is trained and why. */
  readonly about: string;
  /** What to see, with numbers as they come out with the story's seed. */
  readonly look: string;
  /** What to try next. */
  readonly next?: string;
  readonly values: Partial<PlaygroundValues>;
}

/** Small images that a small network learns in seconds. */
const IMAGES: Partial<PlaygroundValues> = {
  data: "synthetic-images",
  classes: 4,
  size: 6,
  n: 200,
  widths: [32],
  init: "pytorch",
  gain: 1,
  bias: "yes",
  k: 1,
  tol: 1e-3,
  landscape: false,
};

export const STORIES: readonly Story[] = [
  {
    id: "progressive-sharpening",
    title: "Progressive sharpening",
    about:
      "Gradient descent on 20 points of a polynomial. Nothing asks the sharpness S, the largest eigenvalue of the Hessian, to grow. It grows all the same, until it reaches the edge of stability 2/η = 10.",
    look: "S starts at 7.6, dips a little on the way, and crosses 10 near step 1,300. From there on the loss has spikes: each is the oscillation that throws the sharpness back. The thin line is the second eigenvalue; after 4,000 steps it stands just below the edge as well.",
    next: "Set η to 0.25 during the run and fork: the same weights, an edge at 8.",
    values: {},
  },
  {
    id: "self-stabilisation",
    title: "Self-stabilisation",
    about:
      "The same at η = 0.25 with every step measured. Above 2/η = 8 the iterate oscillates along the top eigenvector u with growing amplitude |x|. The third derivative turns that into a push against sharpness: S falls below 8, the oscillation dies away, and it begins again.",
    look: "In the plot of oscillation and sharpness the run goes round: right at the top while |x| grows, down at large |x|, left at the bottom. The first turn ends near step 360; each needs hundreds of steps because |x| falls to rounding in between.",
    next: "Zoom into a spike of the loss and switch even and odd steps apart: the two lines are the two sides of the valley.",
    values: { lr: 0.25, steps: 1500, every: 1 },
  },
  {
    id: "stochastic-gap",
    title: "The stochastic gap",
    about:
      "SGD with batches of 8 on small images, η = 0.1. Gradient descent would hold S at 2/η = 20. Noise along u keeps the oscillation alive, so that S needs no edge to be held back: it settles below.",
    look: "S falls from 18 to about 12 at once and creeps up to 15.7 of 20 by step 4,000. Batch sharpness, the curvature along the batches' own gradients, is what comes up to the edge; it scatters, because 30 batches are few.",
    next: "Set the batch to 32 and press New run: that gap has closed by step 1,200. Or choose gradient descent: S stays just above 20.",
    values: { ...IMAGES, rule: "sgd", lr: 0.1, batch: 8, steps: 4000, every: 25, noise: true, bs: true },
  },
  {
    id: "catapult",
    title: "Catapult",
    about:
      "A step size for which the start is already too sharp: S = 7.5 against 2/η = 5. Not a disaster, as long as η is not too large.",
    look: "The loss rises tenfold, from 0.28 to 3.1 at step 10, and comes down again; meanwhile S drops from 7.8 to 2.5, half the threshold. After that training is calm, and sharpening starts over.",
    next: "Run on: S is back at the edge by step 900. Fork with a larger η to catapult again.",
    values: { lr: 0.4, steps: 3000, every: 1, landscape: false },
  },
  {
    id: "divergence",
    title: "Divergence",
    about: "The same start with η = 1.5: 2/η = 1.3, and S is nearly six times that.",
    look: "Four steps. The loss goes from 0.28 to 69,000 and the run is stopped. The curvature grew with it, so that no catapult could end it. A network with bounded activations can still diverge: its last layer is linear.",
    next: "Rewind and fork with η = 0.5: that is a catapult. Somewhere between lies the border.",
    values: { lr: 1.5, steps: 300, every: 1, landscape: false },
  },
  {
    id: "cross-entropy",
    title: "Cross-entropy collapse",
    about:
      "Classification with cross-entropy. Once every example is on its right side, larger weights make the loss smaller without end, and its Hessian smaller with it.",
    look: "S jumps to 12, above 2/η = 6.7, within the first 25 steps, and is below the edge by step 200. Then it collapses: 2 at step 400, 0.24 at step 3,000. What sharpens with squared error ends flat here.",
    next: "Choose squared error and η = 0.1, and press New run: S stays at the edge.",
    values: { ...IMAGES, loss: "ce", lr: 0.3, steps: 3000, every: 10 },
  },
  {
    id: "period-two",
    title: "Period-two orbit",
    about:
      "Two weights and the loss 0.18·(w₁w₂ − 1)². No minimum with w₁ ≈ w₂ is stable at η = 3, and gradient descent finds no other: it ends on an orbit of two points, for ever.",
    look: "From step 30 on the loss is 0.0115 at one parity and 0.0219 at the other, the sharpness 1.01 and 0.36: two straight lines. Neither point is a minimum, and neither sharpness is 2/η = 0.67.",
    next: "Fork with η = 3.5: the orbit has doubled its period and more, the loss never repeats.",
    values: {
      degree: 1,
      net: "deep-linear",
      depth: 2,
      widths: [1],
      gain: 1,
      bias: "no",
      lr: 3,
      steps: 400,
      every: 1,
      k: 1,
      precision: "float64",
      landscape: false,
      evenodd: true,
    },
  },
];

/** A story by its id; undefined for none. */
export function storyOf(id: string): Story | undefined {
  return STORIES.find((story) => story.id === id);
}
