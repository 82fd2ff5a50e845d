// Curvature probes: linear operators, Lanczos, sharpness and its gradient, objectives.
export * from "./operator.ts";
export * from "./objective-types.ts";
export * from "./chunks.ts";
export * from "./lanczos.ts";
export * from "./objective.ts";
export * from "./programs.ts";
export * from "./examples.ts";
