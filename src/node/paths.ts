// Where things lie on this machine: the data folder and the user's cache folder.
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Environment variables, handed in so that nothing here depends on the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The surroundings a path is resolved in. */
export interface Surroundings {
  readonly env: Environment;
  /** Absolute path that relative ones start from. */
  readonly cwd: string;
}

/** The data folder and what decided it. */
export interface DataFolder {
  readonly path: string;
  readonly from: "data.dir" | "BRINK_DATA" | "cache";
}

/** `$XDG_CACHE_HOME/brink`, else `~/.cache/brink`. The XDG specification has relative values ignored. */
export function cacheFolder(env: Environment): string {
  const xdg = env["XDG_CACHE_HOME"];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home(env), ".cache");
  return join(base, "brink");
}

/** The data folder: `dir` when given, else BRINK_DATA, else `data` in the cache folder. It need not exist. */
export function dataFolder(dir: string | null | undefined, { env, cwd }: Surroundings): DataFolder {
  if (dir !== null && dir !== undefined && dir !== "") {
    return { path: userPath(dir, { env, cwd }), from: "data.dir" };
  }
  const fromEnvironment = env["BRINK_DATA"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    return { path: userPath(fromEnvironment, { env, cwd }), from: "BRINK_DATA" };
  }
  return { path: join(cacheFolder(env), "data"), from: "cache" };
}

/** Absolute form of a path as written in a config file, where no shell has expanded `~`. */
export function userPath(path: string, { env, cwd }: Surroundings): string {
  if (path === "~" || path.startsWith("~/")) return join(home(env), path.slice(1));
  return resolve(cwd, path);
}

function home(env: Environment): string {
  const own = env["HOME"];
  return own === undefined || own === "" ? homedir() : own;
}
