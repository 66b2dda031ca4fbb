import type { FieldError } from "../field-error.ts";
import type { PodTemplateSpec } from "../generated/api-types.ts";
import { sortedEntries, validateAnnotations, validateLabels } from "../metadata-validation.ts";
import type { Labels } from "../selector-requirement.ts";
import { validatePodSpec } from "./pod.ts";

/** Of a template that makes pods. */
export function validateTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  const errors = validateLabels(template.metadata?.labels, `${field}.labels`);
  errors.push(...validateAnnotations(template.metadata?.annotations, `${field}.annotations`));
  return template.spec === undefined ? errors : [...errors, ...validatePodSpec(template.spec, `${field}.spec`)];
}

/** Go shows maps sorted by key. */
export const shownLabels = (labels: Labels): unknown =>
  labels === undefined ? null : Object.fromEntries(sortedEntries(labels));
