// Bottom layer: errors, random streams, vectors, statistics, small dense linear algebra. No I/O, no platform.
export * from "./errors.ts";
export * from "./random.ts";
export * from "./special.ts";
export * from "./vector.ts";
export * from "./symmetric-eigen.ts";
