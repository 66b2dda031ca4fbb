import type { Task } from "../../client/index.ts";
import { type CompiledLabelSelector, compileLabelSelectorString, keyOf, SelectorError } from "../../model/index.ts";
import type { AutoscalerMemory } from "./memory.ts";
import type { Scale } from "./ports.ts";
import type { Sync } from "./sync-state.ts";

/** The selector must be there, be valid, and select no pod that another autoscaler selects. */
export function* parseSelector(
  sync: Sync,
  { selector: text }: Scale,
): Task<{ readonly selector: CompiledLabelSelector } | { readonly error: string }> {
  const { hpa, ports, memory } = sync;
  if (text === "") {
    const message = "the HPA target's scale is missing a selector";
    return yield* badSelector(sync, "SelectorRequired", "InvalidSelector", "selector is required", message);
  }
  const selector = memory.compiled(text, compileOrError);
  if (typeof selector === "string") {
    const error = `couldn't convert selector into a corresponding internal selector object: ${selector}`;
    return yield* badSelector(sync, "InvalidSelector", "InvalidSelector", error, error);
  }
  memory.selectors.put(keyOf(hpa), selector);
  const namespace = hpa.metadata.namespace ?? "";
  const others = memory.selectors.selecting(namespace, ports.pods(namespace, selector).labelSets);
  if (others.length <= 1) return { selector };
  const error = `pods by selector ${text} are controlled by multiple HPAs: [${others.join(" ")}]`;
  return yield* badSelector(sync, "AmbiguousSelector", "AmbiguousSelector", error, error);
}

function compileOrError(text: string): CompiledLabelSelector | string {
  try {
    return compileLabelSelectorString(text);
  } catch (error) {
    if (error instanceof SelectorError) return error.message;
    throw error;
  }
}

function* badSelector(
  { hpa, ports, conditions }: Sync,
  event: string,
  reason: string,
  error: string,
  message: string,
): Task<{ readonly error: string }> {
  yield* ports.event(hpa, "Warning", event, error);
  conditions.set("ScalingActive", "False", reason, message, ports.time);
  return { error };
}

/** The selector of a target whose text is known to be valid. */
export function selectorOf(text: string, memory: AutoscalerMemory): CompiledLabelSelector {
  return memory.compiled(text, compileOrError) as CompiledLabelSelector;
}
