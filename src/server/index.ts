// The local server behind `brink serve`.
export * from "./headers.ts";
export * from "./listen.ts";
export * from "./refusal.ts";
export * from "./site.ts";
