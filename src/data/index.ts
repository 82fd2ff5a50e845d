// Data sets: bytes in, arrays out. Which options exist, how files are decoded, how examples are prepared.
export * from "./arrays.ts";
export * from "./build.ts";
export * from "./chebyshev.ts";
export * from "./checksum.ts";
export * from "./cifar10.ts";
export * from "./config.ts";
export * from "./dataset.ts";
export * from "./gaussians.ts";
export * from "./idx.ts";
export * from "./memory-files.ts";
export * from "./mnist.ts";
export * from "./options.ts";
export * from "./prepare.ts";
export type { DataFiles, DataSource, ExampleSource } from "./source.ts";
export * from "./standardize.ts";
export * from "./synthetic-images.ts";
