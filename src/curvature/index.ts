// Curvature probes: linear operators, Lanczos, sharpness and its gradient, objectives.
export * from "./operator.ts";
export * from "./objective-types.ts";
export * from "./chunks.ts";
export * from "./lanczos.ts";
export * from "./objective.ts";
export * from "./programs.ts";
export * from "./directional.ts";
export * from "./examples.ts";
export * from "./estimate.ts";
export * from "./landscape.ts";
export * from "./landscape-assumptions.ts";
export * from "./noise.ts";
export * from "./noise-batches.ts";
export * from "./batch-curvature.ts";
export * from "./batch-curvature-types.ts";
export * from "./trace.ts";
export * from "./gap.ts";
