import type { JsonObject } from "../decode.ts";
import type { Container, Pod } from "../generated/api-types.ts";
import type { KubeObject, Unstored } from "../object-meta.ts";
import { applyDefaults } from "./index.ts";

/** Container lists by the frozen list of the template they come from: a memo of a pure function. */
const containersOfTemplates = new WeakMap<readonly Container[], readonly Container[]>();

/**
 * Defaults of a pod that a controller makes from a template which is already defaulted: only what pods get beyond their template.
 * Frozen parts of the template stay shared, so that a pod costs two small objects. Pods with resources of their own, or on the host's
 * network, take the long way.
 */
export function defaultPod<P extends Unstored<Pod> | Pod>(pod: P): P {
  const { spec } = pod;
  if (spec.resources !== undefined || spec.hostNetwork === true || spec.schedulerName === undefined) {
    return applyDefaults(pod as unknown as KubeObject & JsonObject) as unknown as P;
  }
  const containers = withRequests(spec.containers);
  const initContainers = spec.initContainers === undefined ? undefined : withRequests(spec.initContainers);
  const same = containers === spec.containers && initContainers === spec.initContainers;
  if (same && spec.enableServiceLinks !== undefined) return pod;
  return {
    ...pod,
    spec: {
      ...spec,
      containers,
      ...(initContainers && { initContainers }),
      enableServiceLinks: spec.enableServiceLinks ?? true,
    },
  };
}

/** Containers whose limits are requests too; the very list when none lacks one. */
function withRequests(containers: readonly Container[]): readonly Container[] {
  const known = containersOfTemplates.get(containers);
  if (known !== undefined) return known;
  const lacking = containers.some(({ resources }) =>
    Object.keys(resources?.limits ?? {}).some((name) => resources?.requests?.[name] === undefined),
  );
  const completed = lacking ? Object.freeze(containers.map(completeRequests)) : containers;
  if (Object.isFrozen(containers)) containersOfTemplates.set(containers, completed);
  return completed;
}

function completeRequests(container: Container): Container {
  const { limits } = container.resources ?? {};
  if (limits === undefined) return container;
  const requests = Object.freeze({ ...limits, ...container.resources?.requests });
  return Object.freeze({ ...container, resources: Object.freeze({ ...container.resources, requests }) });
}
