// The laboratory inside a browser: the same runner as the command line's, in a worker. Pages use the client only.
export * from "./client.ts";
export * from "./protocol.ts";
export * from "./theory-client.ts";
export type * from "./orbit-study.ts";
export type * from "./simulation.ts";
