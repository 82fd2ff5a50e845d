// Standalone, stable, well-escaped SVG.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { headlessDocument } from "./headless.ts";
import { escapeXml, serializeSvg } from "./serialize.ts";

function svgWith(
  inner: (add: (name: string, attributes: Record<string, string>, text?: string) => void) => void,
): string {
  const document = headlessDocument();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  inner((name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    svg.appendChild(element);
  });
  return serializeSvg(svg, { idPrefix: "p", ink: "#111" });
}

test("namespace, rounding, ids, ink; no classes and no style sheets", () => {
  const text = svgWith((add) => {
    add("style", {}, "path { fill: red }");
    add("clipPath", { id: "lib-clip-17", class: "lib" });
    add("path", { d: "M0.123456,10L-0.0001,1e-9", "clip-path": "url(#lib-clip-17)", stroke: "currentColor" });
    add("path", { "clip-path": "url(#lib-clip-17)", "stroke-opacity": "0.12345" });
  });
  expect(text).toBe(
    '<svg xmlns="http://www.w3.org/2000/svg"><clipPath id="p-1"/>' +
      '<path clip-path="url(#p-1)" d="M0.12,10L0,0" stroke="#111"/>' +
      '<path clip-path="url(#p-1)" stroke-opacity="0.12345"/></svg>',
  );
});

test("markup in text and attributes is escaped", () => {
  const text = svgWith((add) =>
    add("text", { "data-x": `"><script>` }, "</text><script>alert('1')</script>&"),
  );
  expect(text).not.toContain("<script");
  expect(text).toContain("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;");
});

// As strings, since control characters are what these look for and a regular expression literal may hold none.
const FORBIDDEN = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f";

test("escaped text holds no markup and no characters XML forbids, and can be read back", () => {
  const unsafe = new RegExp(`[<>"'${FORBIDDEN}]`);
  const replaced = new RegExp(`[${FORBIDDEN}\\ufffe\\uffff]|\\p{Surrogate}`, "gu");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const escaped = escapeXml(text);
      expect(escaped).not.toMatch(unsafe);
      const back = escaped
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&amp;", "&");
      expect(back).toBe(text.replace(replaced, "\uFFFD"));
    }),
  );
});
