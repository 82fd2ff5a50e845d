// Optimisers: update rules as state machines, their stability thresholds, and batch samplers.
export * from "./update-rules.ts";
export * from "./samplers.ts";
