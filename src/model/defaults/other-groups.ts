import type { JsonObject } from "../decode.ts";
import type { CSIDriver, EndpointSlice, PriorityClass, StorageClass } from "../generated/api-types.ts";
import type { Draft } from "./draft.ts";

export function defaultStorageClass(storageClass: Draft<StorageClass>): void {
  storageClass.reclaimPolicy ??= "Delete";
  storageClass.volumeBindingMode ??= "Immediate";
}

export function defaultCsiDriver({ spec }: Draft<CSIDriver>): void {
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
  if ((spec.volumeLifecycleModes?.length ?? 0) === 0) spec.volumeLifecycleModes = ["Persistent"];
}

export function defaultPriorityClass(priorityClass: Draft<PriorityClass>): void {
  priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
}

export function defaultEndpointSlice(slice: Draft<EndpointSlice>): void {
  for (const port of slice.ports ?? []) {
    port.name ??= "";
    port.protocol ??= "TCP";
  }
}

/** Ingress rules apply to every policy; egress rules only where some are written. */
export function defaultNetworkPolicy(policy: JsonObject): void {
  const spec = policy["spec"] as JsonObject | undefined;
  if (spec === undefined) return;
  const peers = [...((spec["ingress"] ?? []) as JsonObject[]), ...((spec["egress"] ?? []) as JsonObject[])];
  for (const { ports } of peers) for (const port of (ports ?? []) as JsonObject[]) port["protocol"] ??= "TCP";
  const types = (spec["policyTypes"] ?? []) as string[];
  if (types.length > 0) return;
  const egress = (spec["egress"] ?? []) as unknown[];
  spec["policyTypes"] = egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

export function defaultIngressClass(ingressClass: JsonObject): void {
  const parameters = (ingressClass["spec"] as JsonObject | undefined)?.["parameters"] as JsonObject | undefined;
  if (parameters !== undefined) parameters["scope"] ??= "Cluster";
}

const rbacGroup = "rbac.authorization.k8s.io";

/** Subjects that are users or groups belong to RBAC's own API group, service accounts to none. */
export function defaultRoleBinding(binding: JsonObject): void {
  const roleRef = binding["roleRef"] as JsonObject | undefined;
  if (roleRef !== undefined && !roleRef["apiGroup"]) roleRef["apiGroup"] = rbacGroup;
  for (const subject of (binding["subjects"] ?? []) as JsonObject[]) {
    if (subject["apiGroup"]) continue;
    if (subject["kind"] === "User" || subject["kind"] === "Group") subject["apiGroup"] = rbacGroup;
  }
}

export function defaultWebhookConfiguration(configuration: JsonObject): void {
  const mutating = configuration["kind"] === "MutatingWebhookConfiguration";
  for (const webhook of (configuration["webhooks"] ?? []) as JsonObject[]) {
    webhook["failurePolicy"] ??= "Fail";
    webhook["matchPolicy"] ??= "Equivalent";
    webhook["namespaceSelector"] ??= {};
    webhook["objectSelector"] ??= {};
    webhook["timeoutSeconds"] ??= 10;
    if (mutating) webhook["reinvocationPolicy"] ??= "Never";
    for (const rule of (webhook["rules"] ?? []) as JsonObject[]) rule["scope"] ??= "*";
    const service = (webhook["clientConfig"] as JsonObject | undefined)?.["service"] as JsonObject | undefined;
    if (service !== undefined) service["port"] ??= 443;
  }
}
