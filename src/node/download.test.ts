// Fetching against a local server: progress, resume after a cut, checksums, archives, offline, abort.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError, RunError, randomStream } from "../math/index.ts";
import { DOWNLOAD_SOURCES, type DownloadSource } from "./download-sources.ts";
import { unpackTarGz } from "./download-tar.ts";
import { type DownloadProgress, type FetchedData, fetchDataset } from "./download.ts";

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");
const stream = randomStream(0, "test");
const content = Buffer.from(Uint8Array.from({ length: 200_000 }, () => stream.integer(256)));

let root = "";
let server: Server;
let requests: (string | undefined)[] = [];
/** How the server answers; tests replace it. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** An honest server with ranges. */
function serve(bytes: Uint8Array): typeof answer {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const head = { "content-length": bytes.length - from };
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...head, ...range } : head);
    response.end(bytes.subarray(from));
  };
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "brink-fetch-"));
  requests = [];
  answer = serve(content);
  server = createServer((request, response) => {
    requests.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});
afterEach(async () => {
  rmSync(root, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function sourceOf(
  extra: Partial<DownloadSource["files"][number]> = {},
): Readonly<Record<string, DownloadSource>> {
  const { port } = server.address() as AddressInfo;
  const file = { name: "f.gz", md5: md5(content), maxBytes: 1_000_000, ...extra };
  return { set: { folder: "set", files: [{ url: `http://127.0.0.1:${port}/f.gz`, ...file }] } };
}

function get(options: Partial<Parameters<typeof fetchDataset>[2]> = {}): Promise<FetchedData> {
  return fetchDataset("set", root, { fetch: globalThis.fetch, sources: sourceOf(), ...options });
}

const file = (name: string): string => join(root, "set", name);

describe("fetchDataset", () => {
  it("downloads, checks, reports progress, and does it once only", async () => {
    const progress: DownloadProgress[] = [];
    const fetched = await get({ onProgress: (state) => progress.push(state) });
    expect(fetched).toEqual({ name: "set", folder: join(root, "set"), files: ["f.gz"], cached: false });
    expect(readFileSync(file("f.gz")).equals(content)).toBe(true);
    expect(readdirSync(join(root, "set"))).toEqual(["f.gz"]);
    expect(progress.at(-1)).toEqual({ file: "f.gz", received: content.length, total: content.length });
    expect(progress.map(({ received }) => received)).toEqual(
      progress.map(({ received }) => received).sort((a, b) => a - b),
    );
    expect((await get()).cached).toBe(true);
    expect(requests).toEqual([undefined]);
  });

  it("replaces a complete file with a wrong checksum", async () => {
    mkdirSync(join(root, "set"));
    writeFileSync(file("f.gz"), "damaged");
    expect((await get()).cached).toBe(false);
    expect(readFileSync(file("f.gz")).equals(content)).toBe(true);
  });

  it("continues after the connection is cut, as often as it takes", async () => {
    const piece = 20_000;
    let stored = 0;
    let cut: (() => void) | undefined;
    answer = (request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
      response.writeHead(from > 0 ? 206 : 200, {
        "content-length": content.length - from,
        "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
      });
      response.write(content.subarray(from, from + piece));
      // Cut once the piece is stored: fetch throws away what it has received but not yet handed over.
      cut = () => stored >= Math.min(from + piece, content.length) && response.destroy();
    };
    await get({
      onProgress: ({ received }) => {
        stored = received;
        cut!();
      },
    });
    expect(readFileSync(file("f.gz")).equals(content)).toBe(true);
    expect(requests.slice(1)).toEqual(Array.from({ length: 9 }, (_, i) => `bytes=${(i + 1) * piece}-`));
  });

  it("continues what an earlier fetch left behind, but restarts when that was something else", async () => {
    mkdirSync(join(root, "set"));
    writeFileSync(file("f.gz.part"), content.subarray(0, 150_000));
    await get();
    expect(requests).toEqual(["bytes=150000-"]);
    rmSync(file("f.gz"));
    writeFileSync(file("f.gz.part"), Buffer.alloc(150_000));
    await get();
    expect(requests.slice(1)).toEqual(["bytes=150000-", undefined]);
    rmSync(file("f.gz"));
    writeFileSync(file("f.gz.part"), content);
    await get();
    expect(requests.slice(3)).toEqual(["bytes=200000-"]);
    expect(readdirSync(join(root, "set"))).toEqual(["f.gz"]);
  });

  it("starts over when the server knows no ranges", async () => {
    mkdirSync(join(root, "set"));
    writeFileSync(file("f.gz.part"), content.subarray(0, 1000));
    answer = (_, response) => response.end(content);
    await get();
    expect(readFileSync(file("f.gz")).equals(content)).toBe(true);
  });

  it("removes a file with a wrong checksum and says both checksums and what to do", async () => {
    answer = serve(Buffer.alloc(500));
    const failed = get();
    await expect(failed).rejects.toThrow(RunError);
    await expect(get()).rejects.toThrow(
      new RegExp(
        `wrong checksum.*received md5 ${md5(Buffer.alloc(500))}; allowed: md5 ${md5(content)}.*put f.gz into`,
      ),
    );
    expect(readdirSync(join(root, "set"))).toEqual([]);
  });

  it("fails offline with the address and where to put the files", async () => {
    const sources = sourceOf();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const failed = fetchDataset("set", root, { fetch: globalThis.fetch, sources });
    await expect(failed).rejects.toThrow(RunError);
    const { message } = (await failed.catch((error: unknown) => error)) as RunError;
    expect(message).toContain("ECONNREFUSED");
    expect(message).toContain(sources["set"]!.files[0]!.url);
    expect(message).toContain(`put f.gz into ${join(root, "set")}`);
  });

  it("reports refusals, repeated server errors, and more bytes than a file can have", async () => {
    answer = (_, response) => response.writeHead(404).end("no");
    await expect(get()).rejects.toThrow(/answered 404 Not Found/);
    expect(requests).toHaveLength(1);
    answer = (_, response) => response.writeHead(503).end();
    await expect(get()).rejects.toThrow(/download failed: the server answered 503/);
    expect(requests).toHaveLength(6);
    answer = serve(content);
    await expect(get({ sources: sourceOf({ maxBytes: 1000 }) })).rejects.toThrow(/more than 1000 bytes/);
  });

  it("stops when aborted and keeps what it has", async () => {
    const controller = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 50_000));
    };
    const failed = get({
      signal: controller.signal,
      onProgress: ({ received }) => {
        if (received >= 50_000) controller.abort(new Error("stopped by the user"));
      },
    });
    await expect(failed).rejects.toThrow("stopped by the user");
    expect(existsSync(file("f.gz.part"))).toBe(true);
    answer = serve(content);
    await get();
    expect(requests[1]).toMatch(/^bytes=\d+-$/);
  });

  it("refuses unknown names and reports folders it cannot write", async () => {
    await expect(fetchDataset("cifar", root, { fetch: globalThis.fetch })).rejects.toThrow(InputError);
    await expect(fetchDataset("cifar", root, { fetch: globalThis.fetch })).rejects.toThrow(
      /Did you mean "cifar10"/,
    );
    writeFileSync(join(root, "set"), "a file, not a folder");
    await expect(get()).rejects.toThrow(/cannot store the download/);
  });

  it("unpacks an archive's wanted members and nothing else", async () => {
    const member = Buffer.alloc(1000, 7);
    const tar = gzipSync(
      Buffer.concat([
        entry("set/", Buffer.alloc(0), "5"),
        entry("set/a.bin", member),
        entry("../evil", Buffer.alloc(10)),
        entry("set/readme", Buffer.from("text")),
        entry("set/b.bin", Buffer.alloc(512)),
        Buffer.alloc(1024),
      ]),
    );
    answer = serve(tar);
    const members = new Map([
      ["set/a.bin", 1000],
      ["set/b.bin", 512],
    ]);
    const sources = sourceOf({ md5: md5(tar), members });
    const fetched = await get({ sources });
    expect(fetched.files).toEqual(["a.bin", "b.bin"]);
    expect(readdirSync(join(root, "set")).sort()).toEqual(["a.bin", "b.bin"]);
    expect(readdirSync(root)).toEqual(["set"]);
    expect(readFileSync(file("a.bin")).equals(member)).toBe(true);
    expect((await get({ sources })).cached).toBe(true);
  });
});

/** One tar entry: header, content, padding. */
function entry(name: string, bytes: Buffer, type = "0"): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        ", 148);
  header.write(type, 156);
  header.write("ustar\0", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

describe("unpackTarGz", () => {
  const wanted = new Map([["set/a.bin", 600]]);
  const good = Buffer.concat([entry("set/a.bin", Buffer.alloc(600, 1)), Buffer.alloc(1024)]);
  const unpack = (archive: Uint8Array): Promise<readonly string[]> => {
    writeFileSync(join(root, "x.tar.gz"), archive);
    return unpackTarGz(join(root, "x.tar.gz"), wanted, join(root, "out"));
  };

  it.each<[string, Buffer, RegExp]>([
    ["damaged gzip", Buffer.from("nonsense"), /corrupt gzip/],
    ["truncated gzip", gzipSync(good).subarray(0, 30), /corrupt gzip|truncated/],
    ["a truncated archive", gzipSync(good.subarray(0, 900)), /archive is truncated/],
    ["a damaged header", gzipSync(Buffer.concat([Buffer.alloc(512, 1), good])), /damaged tar header/],
    ["a member of another size", gzipSync(entry("set/a.bin", Buffer.alloc(599))), /599 bytes instead of 600/],
    ["a link in its place", gzipSync(entry("set/a.bin", Buffer.alloc(0), "2")), /lacks set\/a.bin/],
    ["a repeated member", gzipSync(Buffer.concat([good.subarray(0, 1536), good])), /occurs twice/],
    ["an empty archive", gzipSync(Buffer.alloc(1024)), /lacks set\/a.bin/],
  ])("reports %s and leaves nothing behind", async (_, archive, message) => {
    await expect(unpack(archive)).rejects.toThrow(InputError);
    await expect(unpack(archive)).rejects.toThrow(message);
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });

  it("joins the prefix field to long names and accepts a leading ./", async () => {
    const header = entry("./set/a.bin", Buffer.alloc(600, 2));
    expect(await unpack(gzipSync(header))).toEqual(["a.bin"]);
    const prefixed = entry("a.bin", Buffer.alloc(600, 3));
    prefixed.write("set\0", 345);
    prefixed.write("        ", 148);
    const sum = prefixed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    prefixed.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    expect(await unpack(gzipSync(prefixed))).toEqual(["a.bin"]);
    expect(readFileSync(join(root, "out", "a.bin")).equals(Buffer.alloc(600, 3))).toBe(true);
  });
});

describe("DOWNLOAD_SOURCES", () => {
  it("states an address, an MD5 and a place for every file", () => {
    for (const { folder, files } of Object.values(DOWNLOAD_SOURCES)) {
      expect(folder).toMatch(/^[\w-]+$/);
      for (const { url, md5, name } of files) {
        expect(new URL(url).pathname.endsWith(name)).toBe(true);
        expect(md5).toMatch(/^[0-9a-f]{32}$/);
      }
    }
    expect(DOWNLOAD_SOURCES.cifar10.files[0]!.members!.size).toBe(6);
  });

  const data = process.env["BRINK_DATA"];
  it.skipIf(data === undefined || !existsSync(join(data, "mnist")))("has MNIST's real checksums", () => {
    for (const { name, md5: expected } of DOWNLOAD_SOURCES.mnist.files) {
      expect(md5(readFileSync(join(data!, "mnist", name)))).toBe(expected);
    }
  });
});
