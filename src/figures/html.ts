// HTML as strings in which every interpolated value is escaped unless it is itself made by `html`.
import { escapeXml } from "./serialize.ts";

/** Markup that is already safe. Only `html` and `trusted` make one. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: text is escaped, markup and lists of it are not, undefined is nothing. */
export type HtmlValue = string | number | undefined | Markup | readonly Markup[];

/** Template tag: `html\`<td>${name}</td>\`` escapes `name`, for element content and quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  let text = strings[0]!;
  for (const [i, value] of values.entries()) text += render(value) + strings[i + 1]!;
  return new Markup(text);
}

/** Marks text that this project produced (an SVG, a style sheet) as needing no escape. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function render(value: HtmlValue): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map((part) => part.text).join("\n");
  return escapeXml(String(value));
}
