// Who may write: browsers that were opened by the printed address, which holds a secret.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { Refusal } from "./refusal.ts";

/** The key in the printed address, and the checks that go with it. */
export interface Access {
  /** What follows the server's address: `?key=…`. */
  readonly query: string;
  /** Whether these cookies are those of a page that may write. */
  readonly allows: (cookies: string | undefined) => boolean;
  /** Turns the key of the address into a cookie, so that it stays out of links and history. */
  readonly enter: MiddlewareHandler;
  /** Refuses (403) who has none. */
  readonly required: MiddlewareHandler;
}

/**
 * Every user of a machine can reach its loopback interface, and only one of them should start processes of this one's
 * account: so a random key, as notebooks have it. The cookie is named after the port, since cookies know no ports.
 */
export function openAccess(key: string = randomBytes(24).toString("base64url")): Access {
  const allows = (cookies: string | undefined): boolean =>
    (cookies ?? "")
      .split(/;\s*/)
      .some((pair) => /^brink-\d*=/.test(pair) && same(pair.slice(pair.indexOf("=") + 1), key));
  return {
    query: `?key=${key}`,
    allows,
    enter: async (c, next) => {
      const given = c.req.query("key");
      if (given === undefined) return next();
      if (!same(given, key)) {
        throw new Refusal(403, "this address is of another start of the server", {
          hint: "Open the address that brink serve printed last",
        });
      }
      setCookie(c, cookieName(c), key, { httpOnly: true, sameSite: "Strict", path: "/" });
      return c.redirect("/");
    },
    required: async (c, next) => {
      if (!same(getCookie(c, cookieName(c)) ?? "", key)) {
        throw new Refusal(403, "this page may only look", {
          hint: "Open the address that brink serve printed",
        });
      }
      await next();
    },
  };
}

function cookieName(c: Context): string {
  return `brink-${/:(\d+)$/.exec(c.req.header("host") ?? "")?.[1] ?? ""}`;
}

/** Compares in a time that says nothing about where they differ. */
function same(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
