// The predicted dynamics v̂ ≈ θ − θ†, with and without noise, and a real run tracked beside them.
export * from "./forms.ts";
export * from "./predictor.ts";
export * from "./response.ts";
export * from "./unrolled.ts";
export * from "./coupling.ts";
export * from "./noisy-steps.ts";
export * from "./track-types.ts";
export * from "./track-state.ts";
export * from "./track.ts";
export * from "./summary.ts";
export * from "./ensemble-track.ts";
export * from "./closure.ts";
