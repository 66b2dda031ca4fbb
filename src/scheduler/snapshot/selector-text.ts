import type { CompiledLabelSelector } from "../../model/index.ts";

/** A text that tells selectors apart: `{}` selects everything, `-` nothing. */
export function selectorText(selector: CompiledLabelSelector): string {
  if (selector.empty) return "{}";
  return selector.requirements.length === 0 ? "-" : selector.toString();
}
