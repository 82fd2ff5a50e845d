// Tensor programs: a small symbolic language with derivatives to any order. See ARCHITECTURE.md, "Engine".
export * from "./build.ts";
export * from "./differentiate.ts";
export * from "./graph.ts";
export * from "./partition.ts";
export * from "./program.ts";
export * from "./shape.ts";
export { operators } from "./operators/table.ts";
