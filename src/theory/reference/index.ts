// The constrained trajectory θ†: onset of the edge, projections onto the stable set, the geometry at its points.
export * from "./local-geometry.ts";
export * from "./projection.ts";
export * from "./exact-projection.ts";
export * from "./constrained.ts";
export * from "./onset.ts";
export * from "./solvable-landscape.ts";
