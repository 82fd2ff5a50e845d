// Any failure as a sentence for a page.
import { BrinkError } from "../math/index.ts";

export function sentence(error: unknown): string {
  if (error instanceof BrinkError) return error.message;
  return error instanceof Error ? `unexpected failure: ${error.message}` : String(error);
}
