import type { Container, Lifecycle, Pod, PodSpec, PodTemplateSpec, Probe, Volume } from "../generated/api-types.ts";
import type { Quantity } from "../object-meta.ts";
import { isPodLevelResource, type ResourceList } from "../pod-resource-totals.ts";
import { podLimitList, podRequestList } from "../pod-resources.ts";
import { formatAmount, parseAmount, roundUp } from "../quantity-amount.ts";
import type { Draft } from "./draft.ts";

/** What every pod template gets; a Pod gets more. Upstream: pkg/apis/core/v1 `SetDefaults_PodSpec` and what it holds. */
export function defaultPodTemplate(template: Draft<PodTemplateSpec>): void {
  if (template.spec !== undefined) defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: Draft<PodSpec>): void {
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container as Draft<Container>);
  spec.dnsPolicy ??= "ClusterFirst";
  spec.restartPolicy ??= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ??= "default-scheduler";
  roundResources(spec.overhead);
  roundResources(spec.resources?.limits);
  roundResources(spec.resources?.requests);
}

/** Defaults of a Pod that its template does not get: requests from limits, pod-level resources, service links, host ports. */
export function defaultPodObject(pod: Draft<Pod>): void {
  const { spec } = pod;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of containers) {
    if (resources?.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
  }
  defaultPodLevelResources(pod);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    for (const { ports } of containers) for (const port of ports ?? []) port.hostPort ??= port.containerPort;
  }
  defaultPodSpec(spec);
}

function defaultPodLevelResources({ spec }: Draft<Pod>): void {
  const { resources } = spec;
  if (resources === undefined) return;
  const count = (list: ResourceList | undefined): number => Object.keys(list ?? {}).length;
  if (count(resources.limits) === 0 && count(resources.requests) === 0) return;
  const options = { excludeOverhead: true, skipPodLevelResources: true };
  const limits: Record<string, Quantity> = { ...resources.limits };
  for (const [name, limit] of Object.entries(podLimitList({ spec }, options))) {
    if (name.startsWith("hugepages-") && resources.requests?.[name] === undefined) limits[name] ??= limit;
  }
  if (count(limits) === 0) return;
  resources.limits = limits;
  const requests: Record<string, Quantity> = { ...resources.requests };
  for (const [name, request] of Object.entries(podRequestList({ spec }, options))) {
    if (name === "cpu" || name === "memory") requests[name] ??= request; // Huge pages cannot be overcommitted.
  }
  for (const [name, limit] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= limit;
  resources.requests = requests;
}

function defaultContainer(container: Draft<Container>): void {
  container.imagePullPolicy ??= pullPolicyOf(container.image ?? "");
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ??= "v1";
    if (valueFrom?.fileKeyRef !== undefined) valueFrom.fileKeyRef.optional ??= false;
  }
  roundResources(container.resources?.limits);
  roundResources(container.resources?.requests);
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultLifecycle(container.lifecycle);
}

/** `Always` for the tag latest, written or meant; a digest means no tag, and so does a reference that is not valid. */
function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  const match = imageReference.exec(image);
  if (match === null) return "IfNotPresent";
  const [, tag, digest] = match;
  return tag === "latest" || (tag === undefined && digest === undefined) ? "Always" : "IfNotPresent";
}

/** distribution's reference grammar: a registry with an optional port, a lower-case path, a tag, a digest. */
const imageReference = (() => {
  const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
  const registry = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
  const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  const digest = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
  return new RegExp(`^(?:${registry}/)?${part}(?:/${part})*(?::([\\w][\\w.-]{0,127}))?(?:@(${digest}))?$`);
})();

function defaultProbe(probe: Draft<Probe> | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
}

function defaultLifecycle(lifecycle: Draft<Lifecycle> | undefined): void {
  defaultHttpGet(lifecycle?.postStart?.httpGet);
  defaultHttpGet(lifecycle?.preStop?.httpGet);
}

function defaultHttpGet(action: Draft<NonNullable<Probe["httpGet"]>> | undefined): void {
  if (action === undefined) return;
  action.path ??= "/";
  action.scheme ??= "HTTP";
}

/** Stored resources are whole thousandths: `0.1m` of cpu becomes 1m. */
export function roundResources(list: Record<string, Quantity> | undefined): void {
  for (const name in list) list[name] = formatAmount(roundUp(parseAmount(list[name]!), -3).amount);
}

const fileMode = 0o644;

function defaultVolume(volume: Draft<Volume>): void {
  if (Object.keys(volume).every((key) => key === "name")) volume.emptyDir = {};
  if (volume.secret !== undefined) volume.secret.defaultMode ??= fileMode;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= fileMode;
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= fileMode;
    for (const { fieldRef } of volume.downwardAPI.items ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ??= "v1";
  }
  if (volume.hostPath !== undefined) volume.hostPath.type ??= "";
  if (volume.image !== undefined) volume.image.pullPolicy ??= pullPolicyOf(volume.image.reference ?? "");
  if (volume.ephemeral?.volumeClaimTemplate?.spec !== undefined) {
    volume.ephemeral.volumeClaimTemplate.spec.volumeMode ??= "Filesystem";
  }
  if (volume.projected !== undefined) {
    volume.projected.defaultMode ??= fileMode;
    for (const source of volume.projected.sources ?? []) {
      if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= 3600;
      for (const { fieldRef } of source.downwardAPI?.items ?? []) if (fieldRef) fieldRef.apiVersion ??= "v1";
    }
  }
  defaultNetworkVolume(volume);
}

function defaultNetworkVolume({ iscsi, rbd, azureDisk, scaleIO }: Draft<Volume>): void {
  if (iscsi !== undefined) iscsi.iscsiInterface ??= "default";
  if (rbd !== undefined) {
    rbd.pool ??= "rbd";
    rbd.user ??= "admin";
    rbd.keyring ??= "/etc/ceph/keyring";
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode ??= "ThinProvisioned";
    scaleIO.fsType ??= "xfs";
  }
}
