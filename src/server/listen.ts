// A hono app on a port of this machine, and nowhere else.
import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { InputError, RunError } from "../math/index.ts";
import { errorCode } from "../node/files.ts";

/** A server at work. */
export interface Listening {
  readonly port: number;
  /** `http://127.0.0.1:4747/`. */
  readonly address: string;
  /** Ends open connections too: streams would keep the process alive. */
  close(): Promise<void>;
}

/** The port that is tried first when none is asked for. */
export const USUAL_PORT = 4747;
/** How many are tried from there. */
const TRIED = 20;

/**
 * Listens on 127.0.0.1. Without `port` on the first free one from 4747 on; 0 lets the system choose.
 *
 * @throws InputError when the port asked for is taken or not allowed
 */
export async function listen(app: Hono, port?: number): Promise<Listening> {
  if (port !== undefined) return attempt(app, port);
  for (let candidate = USUAL_PORT; candidate < USUAL_PORT + TRIED; candidate++) {
    try {
      return await attempt(app, candidate);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  throw new InputError(`no free port from ${USUAL_PORT} to ${USUAL_PORT + TRIED - 1}`, {
    field: "--port",
    hint: "Name another one",
  });
}

async function attempt(app: Hono, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, port)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const bound = server.address();
  const actual = typeof bound === "object" && bound !== null ? bound.port : port;
  return {
    port: actual,
    address: `http://127.0.0.1:${actual}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenError(error: unknown, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: "the port is taken",
    EACCES: "the system does not allow this port",
  };
  const reason = reasons[errorCode(error) ?? ""];
  if (reason === undefined) {
    return new RunError(
      `cannot listen on port ${port}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return new InputError(reason, {
    field: "--port",
    received: String(port),
    hint: "Name another one, or leave it out",
  });
}
