// The static pages: what is served, under which headers, and what is refused.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Listening, listen } from "./listen.ts";
import { siteApp } from "./site.ts";

let root: string;
let server: Listening;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), "brink-site-"));
  writeFileSync(path.join(root, "secret.txt"), "secret");
  const site = path.join(root, "site");
  mkdirSync(path.join(site, "assets"), { recursive: true });
  writeFileSync(path.join(site, "index.html"), "<!doctype html><title>Observatory</title>");
  writeFileSync(path.join(site, "assets", "a b.js"), "export {}");
  writeFileSync(path.join(site, "assets", "ort.wasm"), "\0asm");
  writeFileSync(path.join(site, "assets", "ort.mjs"), "export {}");
  writeFileSync(path.join(site, "assets", "ort-Dc_x-9b1.wasm"), "\0asm");
  writeFileSync(path.join(site, "data.safetensors"), "x");
  server = await listen(siteApp(site), 0);
});

afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Node's own client: unlike fetch it sends paths and Host headers as given. */
function get(target: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: server.port, path: target, headers, method },
      (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (text: string) => (body += text));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
      },
    );
    sent.on("error", reject).end();
  });
}

describe("pages", () => {
  it("come cross-origin isolated, with the right types, and never from a stale cache", async () => {
    const page = await get("/");
    expect(page.status).toBe(200);
    expect(page.body).toContain("Observatory");
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    });
    expect((await get("/assets/ort.wasm")).headers["content-type"]).toBe("application/wasm");
    expect((await get("/assets/ort.mjs")).headers["content-type"]).toMatch(/^text\/javascript/);
    expect((await get("/assets/a%20b.js")).status).toBe(200);
    expect((await get("/assets/ort-Dc_x-9b1.wasm")).headers["cache-control"]).toContain("immutable");
    expect((await get("/assets/ort-Dc_x-9b2.wasm")).headers["cache-control"]).toBe("no-cache");
    expect((await get("/data.safetensors")).headers["content-type"]).toBe("application/octet-stream");
  });

  it("end at their folder, however a path outside is written", async () => {
    const attempts = [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/%2e%2e%2fsecret.txt",
      "/assets/../../secret.txt",
      "/..\\secret.txt",
      "/..%5csecret.txt",
      "/%252e%252e/secret.txt",
      "//secret.txt",
      `/${root}/secret.txt`,
      "/assets/%00/../../../secret.txt",
    ];
    for (const attempt of attempts) {
      const { status, body } = await get(attempt);
      expect([400, 404], attempt).toContain(status);
      expect(body, attempt).not.toBe("secret");
    }
  });

  it("are refused in a sentence when they do not exist, or are written to", async () => {
    expect(JSON.parse((await get("/nothing")).body)).toEqual({
      error: { message: "there is no such page (received /nothing)", received: "/nothing" },
    });
    expect((await get("/", {}, "POST")).status).toBe(405);
    expect((await get("/", {}, "HEAD")).status).toBe(200);
  });
});

describe("strangers", () => {
  const host = (): string => `127.0.0.1:${server.port}`;

  it("under another name are refused (DNS rebinding)", async () => {
    for (const name of [
      "evil.example",
      "evil.example:80",
      "127.0.0.1.evil.example",
      "localhost.evil.example:1",
    ]) {
      expect((await get("/", { host: name })).status, name).toBe(403);
    }
    for (const name of [host(), `localhost:${server.port}`, `[::1]:${server.port}`, "localhost"]) {
      expect((await get("/", { host: name })).status, name).toBe(200);
    }
  });

  it("on other origins are refused, our own pages are not", async () => {
    for (const origin of [
      "http://evil.example",
      "null",
      `https://${host()}`,
      `http://localhost:${server.port}`,
    ]) {
      const answer = await get("/", { host: host(), origin });
      expect(answer.status, origin).toBe(403);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect((await get("/", { host: host(), origin: `http://${host()}` })).status).toBe(200);
  });

  it("may link here, and load nothing from here", async () => {
    const foreign = { host: host(), "sec-fetch-site": "cross-site" };
    expect((await get("/", { ...foreign, "sec-fetch-mode": "no-cors" })).status).toBe(403);
    expect((await get("/", { ...foreign, "sec-fetch-mode": "navigate" })).status).toBe(200);
    expect((await get("/", { host: host(), "sec-fetch-site": "same-site" })).status).toBe(403);
  });
});

describe("listen", () => {
  it("says when the port asked for is taken, and finds another when none is", async () => {
    const app = siteApp(path.join(root, "site"));
    await expect(listen(app, server.port)).rejects.toThrow("the port is taken");
    const [first, second] = [await listen(app), await listen(app)];
    expect(second.port).not.toBe(first.port);
    await first.close();
    await second.close();
  });

  it("needs pages", () => {
    expect(() => siteApp(root)).toThrow("npm run build:site");
  });
});
