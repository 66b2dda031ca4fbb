import type { Container, Pod } from "../model/index.ts";

/** A resize in the words of kubelet 1.36's events: what is said of it, and the resources of the pod as JSON. */
export function resizeMessage(what: string, { spec }: Pod, generation: number, error?: string): string {
  const initContainers = (spec.initContainers ?? []).map(summary);
  const resources = {
    ...(initContainers.length > 0 && { initContainers }),
    containers: spec.containers.map(summary),
    generation,
    ...(error !== undefined && { error }),
  };
  return `${what}: ${JSON.stringify(resources)}`;
}

function summary({ name, resources = {} }: Container): object {
  const { limits, requests } = resources;
  return {
    name,
    resources: {
      ...(limits !== undefined && { limits: sorted(limits) }),
      ...(requests !== undefined && { requests: sorted(requests) }),
    },
  };
}

/** As Go writes a map: by name. */
function sorted(list: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(list).sort(([left], [right]) => (left < right ? -1 : 1)));
}
