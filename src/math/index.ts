// Bottom layer: errors, random streams, vectors, statistics, small dense linear algebra. No I/O, no platform.
export * from "./errors.ts";
export * from "./random.ts";
export * from "./special.ts";
export * from "./vector.ts";
export * from "./symmetric-eigen.ts";
export * from "./statistics.ts";
export * from "./distributions-beta.ts";
export * from "./distributions.ts";
export * from "./autocorrelation.ts";
export * from "./regression.ts";
export * from "./regression-power.ts";
export * from "./smoothing.ts";
export * from "./smoothing-savitzky-golay.ts";
export * from "./statistics-equilibrium.ts";
export * from "./statistics-edge.ts";
export * from "./compensated-sum.ts";
export * from "./quadrature.ts";
