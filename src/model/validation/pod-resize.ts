import { type FieldError, forbidden, invalid } from "../field-error.ts";
import type { Container, Pod, PodSpec } from "../generated/api-types.ts";
import { isSidecar } from "../pod-resource-totals.ts";
import { qosClass } from "../qos.ts";
import { sameContent } from "../same-content.ts";

/** What the `resize` subresource may change, and nothing else: cpu and memory of containers and sidecars, and how each is resized. */
export function resizedPodSpec(stored: PodSpec, wanted: PodSpec): PodSpec {
  const { containers, initContainers } = stored;
  return {
    ...stored,
    containers: containers.map((container) => resized(container, wanted.containers)),
    ...(initContainers !== undefined && {
      initContainers: initContainers.map((container) =>
        isSidecar(container) ? resized(container, wanted.initContainers) : container,
      ),
    }),
  };
}

function resized(container: Container, wanted: readonly Container[] = []): Container {
  const next = wanted.find(({ name }) => name === container.name);
  if (next === undefined) return container;
  const { resources, resizePolicy } = next;
  return {
    ...container,
    ...(resources !== undefined && { resources }),
    ...(resizePolicy !== undefined && { resizePolicy }),
  };
}

/** kube-apiserver's `ValidatePodResize` (v1.36), for a pod whose spec went through `resizedPodSpec`. */
export function validatePodResize(after: Pod, before: Pod): FieldError[] {
  const errors: FieldError[] = [];
  if (qosClass(after) !== qosClass(before)) {
    const detail = "Pod QOS Class may not change as a result of resizing";
    errors.push(invalid("spec", after.status.qosClass ?? "", detail));
  }
  for (const list of ["containers", "initContainers"] as const) {
    for (const [index, container] of (after.spec[list] ?? []).entries()) {
      const old = before.spec[list]![index]!;
      const at = `spec.${list}[${index}].resources`;
      for (const part of ["limits", "requests"] as const) {
        const [was, is] = [old.resources?.[part] ?? {}, container.resources?.[part] ?? {}];
        const removed = ["cpu", "memory"].some((name) => was[name] !== undefined && is[name] === undefined);
        if (removed) errors.push(forbidden(`${at}.${part}`, `resource ${part} cannot be removed`));
      }
      if (!sameContent(others(old), others(container)))
        errors.push(forbidden("spec", "only cpu and memory resources for containers and sidecars are mutable"));
    }
  }
  return errors;
}

/** Resources that no resize may touch. */
function others({ resources = {} }: Container): unknown {
  const rest = (list: Readonly<Record<string, string>> = {}): object => {
    const { cpu: _cpu, memory: _memory, ...kept } = list;
    return kept;
  };
  return [rest(resources.limits), rest(resources.requests)];
}
