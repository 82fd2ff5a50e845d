// The local server behind `brink serve`.
export * from "./experiment-queue.ts";
export * from "./headers.ts";
export * from "./laboratory.ts";
export * from "./listen.ts";
export * from "./refusal.ts";
export * from "./site.ts";
export * from "./snapshot.ts";
