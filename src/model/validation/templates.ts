import { type FieldError, forbidden } from "../field-error.ts";
import type { PodTemplateSpec } from "../generated/api-types.ts";
import { sortedEntries, validateAnnotations, validateLabels } from "../metadata-validation.ts";
import type { Labels } from "../selector-requirement.ts";
import { validatePodAnnotations, validatePodSpec } from "./pod.ts";

/** Frozen templates that are in order: a workload whose size changes is not asked about its pods again. */
const valid = new WeakSet<PodTemplateSpec>();

/** Of a template that makes pods. Upstream: `ValidatePodTemplateSpec`. */
export function validateTemplate(template: PodTemplateSpec, field: string): FieldError[] {
  if (valid.has(template)) return [];
  const { metadata, spec } = template;
  const errors = validateLabels(metadata?.labels, `${field}.labels`);
  errors.push(...validateAnnotations(metadata?.annotations, `${field}.annotations`));
  if (spec !== undefined) {
    errors.push(...validatePodAnnotations({ metadata, spec }, `${field}.annotations`));
    errors.push(...validatePodSpec(spec, `${field}.spec`));
    if ((spec.ephemeralContainers?.length ?? 0) > 0) {
      errors.push(forbidden(`${field}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
    }
  }
  if (errors.length === 0 && Object.isFrozen(template)) valid.add(template);
  return errors;
}

/** Go shows maps sorted by key. */
export const shownLabels = (labels: Labels): unknown =>
  labels === undefined ? null : Object.fromEntries(sortedEntries(labels));
