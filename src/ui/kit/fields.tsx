// The form side of a list of properties: one labelled control per property.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { printValue } from "./properties.ts";
import type { Properties, Property } from "./properties.ts";
import type { UrlState } from "./url-state.ts";

/** The control of one property, with its label and, while what was typed cannot be used, the reason. */
export function Field<P extends Properties>({
  state,
  name,
  disabled = false,
}: {
  readonly state: UrlState<P>;
  readonly name: keyof P & string;
  readonly disabled?: boolean;
}): JSX.Element {
  const id = useId();
  const property: Property = state.properties[name]!;
  const [typed, setTyped] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const current = printValue(property, state.signals[name].value);
  const set = (text: string): void => {
    const wrong = state.setText(name, text);
    setProblem(wrong);
    setTyped(wrong === null ? null : text);
  };
  const common = {
    id,
    disabled,
    "aria-invalid": problem !== null,
    ...(problem === null ? {} : { "aria-describedby": `${id}-problem` }),
  };
  return (
    <div class={`field field-${property.kind}`} title={property.help}>
      <label for={id}>{property.label}</label>
      {property.kind === "flag" ? (
        <input
          {...common}
          type="checkbox"
          checked={current === "1"}
          onChange={(e) => set(e.currentTarget.checked ? "1" : "0")}
        />
      ) : property.kind === "choice" ? (
        <select {...common} value={current} onChange={(e) => set(e.currentTarget.value)}>
          {property.choices.map((choice) => (
            <option key={choice} value={choice}>
              {property.names?.[choice] ?? choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type="text"
          inputMode={property.kind === "number" ? "decimal" : "text"}
          spellcheck={false}
          autocomplete="off"
          value={typed ?? current}
          onInput={(e) => setTyped(e.currentTarget.value)}
          onChange={(e) => set(e.currentTarget.value)}
        />
      )}
      {problem === null ? null : (
        <p class="field-problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
