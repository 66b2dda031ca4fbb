import type {
  Endpoints,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
} from "../generated/api-types.ts";
import type { Draft } from "./draft.ts";
import { defaultPodTemplate, roundResources } from "./pod.ts";

export function defaultService(service: Draft<Service>): void {
  const { spec } = service;
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  }
  spec.type ??= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  const external = spec.type === "NodePort" || spec.type === "LoadBalancer";
  const reachable = external || (spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
  if (reachable) spec.externalTrafficPolicy ??= "Cluster";
  if (external || spec.type === "ClusterIP") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type !== "LoadBalancer") return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
}

export function defaultReplicationController(controller: Draft<ReplicationController>): void {
  const { spec, metadata } = controller;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    spec.selector ??= { ...labels };
    metadata.labels ??= { ...labels };
  }
  spec.replicas ??= 1;
  if (spec.template !== undefined) defaultPodTemplate(spec.template);
}

export function defaultSecret(secret: Draft<Secret>): void {
  secret.type ??= "Opaque";
}

export function defaultNamespace(namespace: Draft<Namespace>): void {
  const { metadata } = namespace;
  if (metadata.name) metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
  namespace.status = { phase: "Active", ...namespace.status };
}

export function defaultNode(node: Draft<Node>): void {
  const { status } = node;
  if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  roundResources(status?.capacity);
  roundResources(status?.allocatable);
}

export function defaultPersistentVolume(volume: Draft<PersistentVolume>): void {
  volume.status = { phase: "Pending", ...volume.status };
  const { spec } = volume;
  spec.persistentVolumeReclaimPolicy ??= "Retain";
  spec.volumeMode ??= "Filesystem";
  if (spec.hostPath !== undefined) spec.hostPath.type ??= "";
  if (spec.iscsi !== undefined) spec.iscsi.iscsiInterface ??= "default";
  if (spec.rbd !== undefined) {
    spec.rbd.pool ??= "rbd";
    spec.rbd.user ??= "admin";
    spec.rbd.keyring ??= "/etc/ceph/keyring";
  }
  roundResources(spec.capacity);
}

export function defaultPersistentVolumeClaim(claim: Draft<PersistentVolumeClaim>): void {
  claim.status = { phase: "Pending", ...claim.status };
  claim.spec.volumeMode ??= "Filesystem";
  roundResources(claim.spec.resources?.limits);
  roundResources(claim.spec.resources?.requests);
  roundResources(claim.status.capacity);
}

export function defaultEndpoints(endpoints: Draft<Endpoints>): void {
  for (const { ports } of endpoints.subsets ?? []) for (const port of ports ?? []) port.protocol ??= "TCP";
}

/** A container's default limit comes from the maximum, its default request from that limit, else from the minimum. */
export function defaultLimitRange(range: Draft<LimitRange>): void {
  for (const item of range.spec?.limits ?? []) {
    for (const list of [item.default, item.defaultRequest, item.max, item.maxLimitRequestRatio, item.min]) {
      roundResources(list);
    }
    if (item.type !== "Container") continue;
    const limits = { ...item.max, ...item.default };
    const requests = { ...item.min, ...limits, ...item.defaultRequest };
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

export function defaultResourceQuota(quota: Draft<ResourceQuota>): void {
  for (const list of [quota.spec?.hard, quota.status?.hard, quota.status?.used]) roundResources(list);
}
