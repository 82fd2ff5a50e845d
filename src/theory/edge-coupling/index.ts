// Edge coupling (arXiv 2604.20446): steps, segments and period-two orbits of gradient descent.
export * from "./functional.ts";
export * from "./coupling-step.ts";
export * from "./coupling-accumulator.ts";
export * from "./segment.ts";
export * from "./excursion.ts";
export * from "./deviation.ts";
export * from "./landscapes.ts";
export * from "./orbit-equations.ts";
export * from "./orbit-newton.ts";
export * from "./orbit-stability.ts";
export * from "./half-amplitude.ts";
export * from "./orbit-branch.ts";
export * from "./find-orbits.ts";
