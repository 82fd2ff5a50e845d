// Links between the pages of the laboratory.
import type { JSX } from "preact";

const PAGES = [
  { id: "observatory", href: "./index.html", title: "Observatory" },
  { id: "playground", href: "./playground.html", title: "Playground" },
  { id: "simulator", href: "./simulator.html", title: "Simulator" },
  { id: "orbits", href: "./orbits.html", title: "Orbits" },
] as const;

export type PageId = (typeof PAGES)[number]["id"];

export function Nav({ page }: { readonly page: PageId }): JSX.Element {
  return (
    <nav aria-label="Pages">
      {PAGES.map(({ id, href, title }) => (
        <a key={id} href={href} {...(id === page ? { "aria-current": "page" as const } : {})}>
          {title}
        </a>
      ))}
    </nav>
  );
}
