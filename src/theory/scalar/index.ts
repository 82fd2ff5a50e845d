// The scalar system of the stochastic sharpness gap: simulation, closed forms, predictions.
export * from "./cycle.ts";
export * from "./ensemble.ts";
export * from "./moments.ts";
export * from "./system.ts";
export * from "./walk.ts";
