import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { Pod, PodSpec, Toleration } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { sameContent } from "../same-content.ts";
import { containsLabels } from "../selectors.ts";
import { validateImageName } from "./container.ts";
import { validatePodAnnotations } from "./pod.ts";
import { validateTolerations } from "./taints-and-tolerations.ts";

const mutableFields =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** What may change in a running pod: images, a shorter deadline, more tolerations, fewer scheduling gates. */
export function validatePodUpdate(after: Pod, before: Pod): FieldError[] {
  const errors = validateAnnotationUpdate(after, before);
  const [next, seen] = [after.spec, before.spec];
  for (const key of ["containers", "initContainers"] as const) {
    const list = next[key] ?? [];
    if (list.length !== (seen[key] ?? []).length) {
      return [...errors, forbidden(`spec.${key}`, "pod updates may not add or remove containers")];
    }
    for (const [index, { image }] of list.entries()) {
      const at = `spec.${key}[${index}].image`;
      errors.push(...(image ? validateImageName(image, at) : [required(at)]));
    }
  }
  const [wanted, was] = [next.activeDeadlineSeconds, seen.activeDeadlineSeconds];
  const field = "spec.activeDeadlineSeconds";
  if (wanted !== undefined && (wanted < 0 || wanted > 2_147_483_647)) {
    return [...errors, invalid(field, wanted, "must be between 0 and 2147483647, inclusive")];
  }
  if (wanted !== undefined && was !== undefined && wanted > was) {
    return [...errors, invalid(field, wanted, "must be less than or equal to previous value")];
  }
  if (wanted === undefined && was !== undefined) {
    errors.push(invalid(field, null, "must not update from a positive integer to nil value"));
  }
  errors.push(...validateAddedTolerations(next.tolerations ?? [], seen.tolerations ?? []));
  const gates = new Set((seen.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (next.schedulingGates ?? []).entries()) {
    if (gates.has(name)) continue;
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbidden(`spec.schedulingGates[${index}].name`, detail));
  }
  if (gates.size > 0) errors.push(...validateGatedUpdate(next, seen));
  if (!sameContent(withoutMutable(next, seen), withoutMutable(seen, seen))) {
    errors.push(forbidden("spec", mutableFields));
  }
  return errors;
}

const fixedAnnotations = (key: string): string | undefined => {
  if (key.startsWith("container.apparmor.security.beta.kubernetes.io/")) return "AppArmor annotations";
  return key === "kubernetes.io/config.mirror" ? "mirror pod annotation" : undefined;
};

function validateAnnotationUpdate(after: Pod, before: Pod): FieldError[] {
  const [next, was] = [after, before].map(({ metadata }) => metadata.annotations ?? {}) as [Strings, Strings];
  const errors: FieldError[] = [];
  for (const [key, value] of sortedEntries(was)) {
    const noun = fixedAnnotations(key);
    if (noun === undefined || next[key] === value) continue;
    errors.push(forbidden(`metadata.annotations[${key}]`, `may not remove or update ${noun}`));
  }
  for (const [key] of sortedEntries(next)) {
    const noun = fixedAnnotations(key);
    if (noun === undefined || was[key] !== undefined) continue;
    errors.push(forbidden(`metadata.annotations[${key}]`, `may not add ${noun}`));
  }
  return [...errors, ...validatePodAnnotations(after, "metadata.annotations")];
}

type Strings = Readonly<Record<string, string>>;

function validateAddedTolerations(next: readonly Toleration[], seen: readonly Toleration[]): FieldError[] {
  const kept = seen.every((toleration) => next.some((candidate) => sameToleration(candidate, toleration)));
  if (!kept)
    return [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
  return validateTolerations(next, "spec.tolerations");
}

/** A pod that waits at a gate may ask for more of its node, never for something else. Upstream: `validateNodeSelectorMutation`. */
function validateGatedUpdate(next: PodSpec, seen: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (!containsLabels(next.nodeSelector, seen.nodeSelector)) {
    const detail = "only additions are allowed (no mutations or deletions)";
    errors.push(invalid("spec.nodeSelector", next.nodeSelector ?? null, detail));
  }
  const [terms, former] = [next, seen].map(
    ({ affinity }) => affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
  );
  if (former === undefined || former.length === 0) return errors;
  const field = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  if (terms?.length !== former.length) {
    return [
      ...errors,
      invalid(field, terms ?? null, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"),
    ];
  }
  for (const [index, term] of terms.entries()) {
    const old = former[index]!;
    const grown = (["matchExpressions", "matchFields"] as const).every((list) =>
      (old[list] ?? []).every((expression, position) => sameContent(expression, term[list]?.[position])),
    );
    const empty = (old.matchExpressions?.length ?? 0) + (old.matchFields?.length ?? 0) === 0;
    if ((grown && !empty) || sameContent(term, old)) continue;
    errors.push(invalid(`${field}[${index}]`, term, "only additions are allowed (no mutations or deletions)"));
  }
  return errors;
}

function sameToleration(left: Toleration, right: Toleration): boolean {
  const { tolerationSeconds: _l, ...a } = left;
  const { tolerationSeconds: _r, ...b } = right;
  return sameContent(a, b);
}

/** A spec with everything that may change taken from the old one; resources change through the resize subresource only. */
function withoutMutable(spec: PodSpec, seen: PodSpec): object {
  const images = (list: PodSpec["containers"] | undefined, old: PodSpec["containers"] | undefined): unknown =>
    list?.map((container, index) => ({ ...container, image: old?.[index]?.image }));
  const grace = (seen.terminationGracePeriodSeconds ?? 0) < 0 ? 1 : spec.terminationGracePeriodSeconds;
  const gated = (seen.schedulingGates?.length ?? 0) > 0;
  return {
    ...spec,
    containers: images(spec.containers, seen.containers),
    initContainers: images(spec.initContainers, seen.initContainers),
    activeDeadlineSeconds: undefined,
    tolerations: undefined,
    schedulingGates: undefined,
    terminationGracePeriodSeconds: grace,
    ...(gated && { nodeSelector: undefined, affinity: withoutNodeAffinity(spec) }),
  };
}

function withoutNodeAffinity({ affinity }: PodSpec): object | undefined {
  const { nodeAffinity: _node, ...others } = affinity ?? {};
  return Object.keys(others).length === 0 ? undefined : others;
}
