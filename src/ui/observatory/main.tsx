// Starts the page: observatory.
import { render } from "preact";

function Observatory() {
  return <h1>Observatory</h1>;
}

render(<Observatory />, document.querySelector("#app")!);
