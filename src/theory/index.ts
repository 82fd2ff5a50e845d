// What the theory predicts: scalar dynamics, the constrained trajectory, edge coupling.
export * from "./reference/index.ts";
export * from "./predicted/index.ts";
export * from "./edge-coupling/index.ts";
export * from "./scalar/index.ts";
export * from "./stable-sets/index.ts";
