// What the theory predicts: scalar dynamics, the constrained trajectory, edge coupling.
export * from "./reference/local-geometry.ts";
export * from "./reference/projection.ts";
export * from "./reference/exact-projection.ts";
export * from "./reference/constrained.ts";
export * from "./reference/onset.ts";
export * from "./reference/solvable-landscape.ts";
export * from "./edge-coupling/index.ts";
