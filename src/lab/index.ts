// Experiments: schema, sweeps, runner, checkpoints. Store, clock, device and solver are arguments.
export * from "./config-types.ts";
export * from "./run-types.ts";
export { experimentJsonSchema, experimentSchema } from "./schema.ts";
export * from "./parse-experiment.ts";
export * from "./sweep.ts";
export * from "./cadence.ts";
export * from "./checkpoint.ts";
export * from "./runner.ts";
export * from "./record-run.ts";
export * from "./replay.ts";
export * from "./lanczos-sharpness.ts";
export * from "./measure-plan.ts";
export * from "./point-probe.ts";
export * from "./product-objective.ts";
export * from "./gap/index.ts";
export * from "./stability/index.ts";
export * from "./prediction/index.ts";
