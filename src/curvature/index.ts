// Curvature probes: linear operators, Lanczos, sharpness and its gradient, objectives.
export * from "./operator.ts";
export * from "./objective-types.ts";
