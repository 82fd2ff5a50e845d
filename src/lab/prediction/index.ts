// The gap predicted in absolute terms: candidate places of a continued run, measured, and what the theory makes of them.
export * from "./iterate-window.ts";
export * from "./candidates.ts";
export * from "./segments.ts";
export * from "./predict.ts";
