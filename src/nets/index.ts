// Networks: architectures, activations, losses, initialisation, and parameters as named tensors.
export * from "./accuracy.ts";
export * from "./activations.ts";
export * from "./config.ts";
export * from "./init.ts";
export * from "./layout.ts";
export * from "./losses.ts";
export * from "./network.ts";
export * from "./parameter-file.ts";
