import type { JsonObject } from "../decode.ts";
import { type FieldError, invalid } from "../field-error.ts";
import type { Toleration } from "../generated/api-types.ts";
import { validateLabels } from "../metadata-validation.ts";
import { dns1123Label } from "../names.ts";
import type { Quantity } from "../object-meta.ts";
import { validateResourceRequirements } from "./resources.ts";
import { validateTolerations } from "./taints-and-tolerations.ts";

interface RuntimeClass {
  readonly handler?: string;
  readonly overhead?: { readonly podFixed?: Readonly<Record<string, Quantity>> };
  readonly scheduling?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
}

/** Upstream: pkg/apis/node/validation. */
export function validateRuntimeClass(object: JsonObject): FieldError[] {
  const { handler = "", overhead, scheduling } = object as RuntimeClass;
  return [
    ...dns1123Label(handler).map((message) => invalid("handler", handler, message)),
    ...validateResourceRequirements(overhead?.podFixed && { limits: overhead.podFixed }, "overhead"),
    ...validateLabels(scheduling?.nodeSelector, "scheduling.nodeSelector"),
    ...validateTolerations(scheduling?.tolerations ?? [], "scheduling.tolerations"),
  ];
}
