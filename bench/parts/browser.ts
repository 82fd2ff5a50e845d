// The one place that starts Chromium: headless, with a profile of its own and nothing that asks the network.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { root } from "./machine.ts";

interface Setup {
  readonly findBrowser: () => string | null;
  readonly ensureSite: () => Promise<boolean>;
}

const setup = (await import(pathToFileURL(path.join(root, "scripts", "setup.mjs")).href)) as Setup;

/** Path of a Chromium, or null. */
export const findBrowser = setup.findBrowser;

/** Folder of the built pages, brought up to date first. */
export async function siteFolder(): Promise<string> {
  await setup.ensureSite();
  return path.join(root, "dist", "site");
}

/** A headless Chromium with a fresh profile. Throws where there is none. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) throw new Error("no Chromium found; name one in BRINK_CHROMIUM");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--enable-precise-memory-info",
      "--js-flags=--expose-gc",
    ],
  });
}
