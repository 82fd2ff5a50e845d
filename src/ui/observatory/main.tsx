// Starts the observatory.
import { render } from "preact";
import { urlState } from "../kit/url-state.ts";
import { Observatory } from "./app.tsx";
import { httpClient } from "./client.ts";
import { DroppingClient } from "./drop.ts";
import "./observatory.css";
import { SETTINGS } from "./settings.ts";
import { Store } from "./store.ts";

const state = urlState(SETTINGS);
// Playground-like embedding: `?hide=controls` before the hash does what `hide` in it does.
if (new URLSearchParams(location.search).get("hide") === "controls") state.signals.hide.value = "controls";

const dropping = new DroppingClient(
  httpClient({ fetch: fetch.bind(window), EventSource, base: document.baseURI }),
);
// Charts draw in the frame after the next at the latest.
const store = new Store(dropping.client, (run) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(run))),
);
store.start();
render(<Observatory store={store} state={state} dropping={dropping} />, document.querySelector("#app")!);
