import type { JsonObject } from "../decode.ts";
import type {
  ConfigMap,
  EndpointSlice,
  Event,
  Lease,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  Service,
  ServiceAccount,
} from "../generated/api-types.ts";
import { findCondition } from "../pod-state.ts";
import { ageOf, type Cells, labelsText, selectorText } from "./cells.ts";

export function printNode({ metadata, spec, status }: Node, now: number): Cells {
  const ready = findCondition(status?.conditions, "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  const info = status?.nodeInfo;
  const address = (type: string): string =>
    status?.addresses?.find((candidate) => candidate.type === type)?.address ?? "<none>";
  const kernel = info?.kernelVersion || "<unknown>";
  return {
    Name: metadata.name,
    Status: spec?.unschedulable === true ? `${state},SchedulingDisabled` : state,
    Roles: rolesOf(metadata.labels) || "<none>",
    Age: ageOf(metadata.creationTimestamp, now),
    Version: info?.kubeletVersion ?? "",
    "Internal-IP": address("InternalIP"),
    "External-IP": address("ExternalIP"),
    "OS-Image": info?.osImage || "<unknown>",
    "Kernel-Version": info?.architecture ? `${kernel} (${info.architecture})` : kernel,
    "Container-Runtime": info?.containerRuntimeVersion || "<unknown>",
  };
}

function rolesOf(labels: Readonly<Record<string, string>> = {}): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)];
    return key === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return [...new Set(roles)].sort().join(",");
}

export function printService({ metadata, spec, status }: Service, now: number): Cells {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  const internal = spec.clusterIPs?.[0] ?? "<none>";
  return {
    Name: metadata.name,
    Type: spec.type ?? "",
    "Cluster-IP": internal,
    "External-IP": externalAddress(spec, status),
    "Port(s)": ports.length === 0 ? "<none>" : ports.join(","),
    Age: ageOf(metadata.creationTimestamp, now),
    Selector: labelsText(spec.selector),
  };
}

function externalAddress(spec: Service["spec"], status: Service["status"]): string {
  const given = spec.externalIPs ?? [];
  if (spec.type === "ExternalName") return spec.externalName ?? "";
  if (spec.type !== "LoadBalancer") return given.length === 0 ? "<none>" : given.join(",");
  const balancer = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "");
  const all = [...balancer, ...given].filter((address) => address !== "");
  return all.length === 0 ? "<pending>" : all.join(",");
}

const accessModeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(modes: readonly string[] | undefined): string {
  const order = Object.keys(accessModeNames);
  return order
    .filter((mode) => modes?.includes(mode))
    .map((mode) => accessModeNames[mode])
    .join(",");
}

export function printPersistentVolumeClaim({ metadata, spec, status }: PersistentVolumeClaim, now: number): Cells {
  const phase = metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating";
  const bound = spec.volumeName !== undefined && spec.volumeName !== "";
  const legacyClass = metadata.annotations?.["volume.beta.kubernetes.io/storage-class"];
  return {
    Name: metadata.name,
    Status: phase,
    Volume: spec.volumeName ?? "",
    Capacity: bound ? (status?.capacity?.["storage"] ?? "") : "",
    "Access Modes": bound ? accessModes(status?.accessModes) : "",
    StorageClass: legacyClass ?? spec.storageClassName ?? "",
    VolumeAttributesClass: spec.volumeAttributesClassName ?? "<unset>",
    Age: ageOf(metadata.creationTimestamp, now),
    VolumeMode: spec.volumeMode ?? "<unset>",
  };
}

export function printPersistentVolume({ metadata, spec, status }: PersistentVolume, now: number): Cells {
  const claim = spec.claimRef;
  return {
    Name: metadata.name,
    Capacity: spec.capacity?.["storage"] ?? "",
    "Access Modes": accessModes(spec.accessModes),
    "Reclaim Policy": spec.persistentVolumeReclaimPolicy ?? "",
    Status: metadata.deletionTimestamp === undefined ? (status?.phase ?? "") : "Terminating",
    Claim: claim === undefined ? "" : `${claim.namespace ?? ""}/${claim.name ?? ""}`,
    StorageClass: spec.storageClassName ?? "",
    VolumeAttributesClass: spec.volumeAttributesClassName ?? "<unset>",
    Reason: status?.reason ?? "",
    Age: ageOf(metadata.creationTimestamp, now),
    VolumeMode: spec.volumeMode ?? "<unset>",
  };
}

export function printNamespace({ metadata, status }: Namespace, now: number): Cells {
  return { Name: metadata.name, Status: status?.phase ?? "", Age: ageOf(metadata.creationTimestamp, now) };
}

export function printSecret({ metadata, type, data }: Secret, now: number): Cells {
  const age = ageOf(metadata.creationTimestamp, now);
  return { Name: metadata.name, Type: type ?? "", Data: Object.keys(data ?? {}).length, Age: age };
}

export function printConfigMap({ metadata, data, binaryData }: ConfigMap, now: number): Cells {
  const count = Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length;
  return { Name: metadata.name, Data: count, Age: ageOf(metadata.creationTimestamp, now) };
}

export function printEvent(event: Event, now: number): Cells {
  const { metadata, involvedObject, source, series } = event;
  const first = event.firstTimestamp ?? event.eventTime;
  const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
  const component = source?.component || event.reportingComponent || "";
  const host = source?.host || event.reportingInstance || "";
  return {
    "Last Seen": ageOf(last, now),
    Type: event.type ?? "",
    Reason: event.reason ?? "",
    Object: `${(involvedObject.kind ?? "").toLowerCase()}/${involvedObject.name ?? ""}`,
    Subobject: involvedObject.fieldPath ?? "",
    Source: host === "" ? component : `${component}, ${host}`,
    Message: (event.message ?? "").trim(),
    "First Seen": ageOf(first, now),
    Count: series?.count ?? (event.count || 1),
    Name: metadata.name,
  };
}

export function printEndpointSlice({ metadata, addressType, ports, endpoints }: EndpointSlice, now: number): Cells {
  const some = <Item>(items: readonly Item[] | null | undefined, text: (item: Item) => string): string => {
    if ((items ?? []).length === 0) return "<unset>";
    const shown = items!.slice(0, 3).map(text).join(",");
    return items!.length > 3 ? `${shown} + ${items!.length - 3} more...` : shown;
  };
  const addresses = endpoints?.flatMap((endpoint) => endpoint.addresses);
  return {
    Name: metadata.name,
    AddressType: addressType,
    Ports: some(ports, ({ port }) => `${port ?? "*"}`),
    Endpoints: some(addresses, (address) => address),
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

export function printIngress(ingress: JsonObject, now: number): Cells {
  const metadata = ingress["metadata"] as { readonly name: string; readonly creationTimestamp?: string };
  const spec = (ingress["spec"] ?? {}) as JsonObject;
  const hosts = ((spec["rules"] ?? []) as { readonly host?: string }[]).flatMap(({ host }) => (host ? [host] : []));
  const shown = hosts.slice(0, 3).join(",");
  const balancer = ((ingress["status"] ?? {}) as { readonly loadBalancer?: { readonly ingress?: JsonObject[] } })
    .loadBalancer;
  return {
    Name: metadata.name,
    Class: (spec["ingressClassName"] as string | undefined) ?? "<none>",
    Hosts: hosts.length === 0 ? "*" : hosts.length > 3 ? `${shown} + ${hosts.length - 3} more...` : shown,
    Address: (balancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").join(","),
    Ports: ((spec["tls"] ?? []) as unknown[]).length > 0 ? "80, 443" : "80",
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

export function printNetworkPolicy(policy: JsonObject, now: number): Cells {
  const metadata = policy["metadata"] as { readonly name: string; readonly creationTimestamp?: string };
  const spec = (policy["spec"] ?? {}) as { readonly podSelector?: Parameters<typeof selectorText>[0] };
  return {
    Name: metadata.name,
    "Pod-Selector": selectorText(spec.podSelector),
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

interface Binding {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export function printRoleBinding({ metadata, roleRef, subjects = [] }: Binding, now: number): Cells {
  const names = (kind: string): string =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map(({ name, namespace }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
      .join(", ");
  return {
    Name: metadata.name,
    Role: `${roleRef.kind}/${roleRef.name}`,
    Age: ageOf(metadata.creationTimestamp, now),
    Users: names("User"),
    Groups: names("Group"),
    ServiceAccounts: names("ServiceAccount"),
  };
}

export function printServiceAccount({ metadata }: ServiceAccount, now: number): Cells {
  return { Name: metadata.name, Age: ageOf(metadata.creationTimestamp, now) };
}

export function printLease({ metadata, spec }: Lease, now: number): Cells {
  return { Name: metadata.name, Holder: spec?.holderIdentity ?? "", Age: ageOf(metadata.creationTimestamp, now) };
}
