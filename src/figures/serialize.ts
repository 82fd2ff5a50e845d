// An SVG element as a standalone string, the same from a browser's DOM and from a server-side one.

/** The part of a DOM node that is read; browsers and server-side DOMs both have it. */
interface NodeLike {
  readonly nodeType: number;
  readonly localName?: string;
  readonly nodeValue: string | null;
  readonly childNodes: ArrayLike<NodeLike>;
  readonly attributes?: ArrayLike<{ readonly name: string; readonly value: string }>;
}

const ELEMENT_NODE = 1;
const TEXT_NODE = 3;

/** Attributes whose numbers are lengths or coordinates and may be rounded. */
const GEOMETRY = /^(?:d|transform|x|y|x1|x2|y1|y2|cx|cy|r|width|height|points)$/;

/**
 * Serialises `svg` with its namespace, coordinates rounded to `digits` decimals, ids renamed to start with
 * `idPrefix` (drawing libraries number them per process, which would neither be stable nor unique on a page),
 * `currentColor` replaced by `ink`, and style sheets and classes left out (everything is inline).
 */
export function serializeSvg(
  svg: Element,
  options: { readonly idPrefix: string; readonly ink: string; readonly digits?: number },
): string {
  const digits = options.digits ?? 2;
  const ids = new Map<string, string>();
  const rename = (id: string): string => {
    let renamed = ids.get(id);
    if (renamed === undefined) ids.set(id, (renamed = `${options.idPrefix}-${ids.size + 1}`));
    return renamed;
  };
  const attribute = (name: string, value: string): string => {
    if (name === "id") return rename(value);
    if (value.includes("url(#"))
      return value.replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${rename(id)})`);
    if (value === "currentColor") return options.ink;
    return GEOMETRY.test(name) ? roundNumbers(value, digits) : value;
  };
  const write = (node: NodeLike): string => {
    if (node.nodeType === TEXT_NODE) return escapeXml(node.nodeValue ?? "");
    // Not nodeName, which server-side documents write in capitals.
    const name = node.localName ?? "";
    if (node.nodeType !== ELEMENT_NODE || name === "style") return "";
    const attributes = Array.from(node.attributes ?? [])
      .filter((a) => a.name !== "class" && a.name !== "xmlns")
      .map((a) => ` ${a.name}="${escapeXml(attribute(a.name, a.value))}"`)
      // DOMs disagree about attribute order (some prepend), so it is made canonical.
      .sort();
    if (name === "svg") attributes.unshift(' xmlns="http://www.w3.org/2000/svg"');
    const children = Array.from(node.childNodes).map(write).join("");
    const open = `<${name}${attributes.join("")}`;
    return children === "" ? `${open}/>` : `${open}>${children}</${name}>`;
  };
  return write(svg);
}

/** Rounds every number with a fraction inside an attribute; 1e-7 and −0.00 become 0. */
function roundNumbers(text: string, digits: number): string {
  return text.replace(/-?(?:\d+\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+)/gi, (number) => {
    const rounded = String(Number(Number(number).toFixed(digits)));
    return rounded === "-0" ? "0" : rounded;
  });
}

/** Text safe inside XML and HTML, in element content and in double- or single-quoted attributes. */
export function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (c) => ESCAPES[c]!)
      // Characters XML 1.0 does not allow at all would make the file unreadable.
      .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
