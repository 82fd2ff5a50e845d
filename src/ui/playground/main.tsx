// Starts the page: playground.
import { render } from "preact";

function Playground() {
  return <h1>Playground</h1>;
}

render(<Playground />, document.querySelector("#app")!);
