import type { WallClock } from "../../model/index.ts";
import {
  controllerOf,
  type DaemonSet,
  findUntoleratedTaint,
  type Node,
  type Pod,
  RequiredNodeAffinity,
  type Uid,
} from "../../model/index.ts";
import type { NodeGroups } from "./node-groups.ts";
import { isDaemonSetPod, isMirrorPod } from "./pod-kinds.ts";
import { isNodeReady, isStartupTaint, readySince } from "./readiness.ts";
import { deletionCandidateTaint, hasTaint, toBeDeletedTaint } from "./taints.ts";

/** A node of a group as it would be when fresh, and the pods that it would have at once. */
export interface NodeTemplate {
  readonly node: Node;
  readonly pods: readonly Pod[];
}

/** A node says what its group's nodes are like once it has been ready for that long. */
const stabilizationUs = 60_000_000;

interface Sources {
  /** In name order. */
  readonly readyNodes: readonly Node[];
  readonly podsOn: (node: string) => Iterable<Pod>;
  readonly daemonSets: readonly DaemonSet[];
  readonly forceDaemonSets: boolean;
  /** Of this run: pods that found room on a node to come are not promised the next run's. */
  readonly suffix: string;
  readonly clock: WallClock;
  readonly nowUs: number;
}

/** Templates by group: a good real node beats a remembered one, that the provider's, and that a bad real node. */
export function templatesOf(
  groups: NodeGroups,
  remembered: Map<string, NodeTemplate>,
  sources: Sources,
): Map<string, NodeTemplate> {
  const templates = new Map<string, NodeTemplate>();
  for (const node of sources.readyNodes) {
    const group = groups.ofNode(node.metadata.name);
    if (group === undefined || templates.has(group.spec.id) || !isGoodSample(node, sources)) continue;
    const template = sanitized(group.spec.id, node, [...sources.podsOn(node.metadata.name)], sources);
    templates.set(group.spec.id, template);
    remembered.set(group.spec.id, template);
  }
  for (const { spec } of groups) {
    if (templates.has(spec.id)) continue;
    const fromCloud = { ...sources, forceDaemonSets: true };
    const template = remembered.get(spec.id) ?? sanitized(spec.id, withDeprecatedLabels(spec.template), [], fromCloud);
    templates.set(spec.id, template);
  }
  return templates;
}

/** The names that labels had before they were stable: only the provider's templates get them. */
const deprecatedLabels: readonly (readonly [stable: string, deprecated: string])[] = [
  ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
  ["kubernetes.io/os", "beta.kubernetes.io/os"],
  ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"],
  ["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"],
  ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"],
];

function withDeprecatedLabels(node: Node): Node {
  const labels: Record<string, string> = { ...node.metadata.labels };
  for (const [stable, deprecated] of deprecatedLabels) {
    const value = labels[stable];
    if (value !== undefined) labels[deprecated] = value;
  }
  return { ...node, metadata: { ...node.metadata, labels } };
}

function isGoodSample(node: Node, { clock, nowUs }: Sources): boolean {
  const since = readySince(node);
  const stable = since === undefined || clock.instantUs(since) + stabilizationUs < nowUs;
  return isNodeReady(node) && stable && node.spec.unschedulable !== true && !hasTaint(node, toBeDeletedTaint);
}

function sanitized(group: string, sample: Node, podsOnIt: readonly Pod[], sources: Sources): NodeTemplate {
  const node = sanitizedNode(sample, `template-node-for-${group}-${sources.suffix}`);
  const staying = podsOnIt.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const pods = staying.filter((pod) => isMirrorPod(pod) || isDaemonSetPod(pod));
  if (sources.forceDaemonSets) {
    const running = new Set<Uid | undefined>(staying.map((pod) => controllerOf(pod)?.uid));
    for (const daemonSet of sources.daemonSets) {
      if (!running.has(daemonSet.metadata.uid)) pods.push(...daemonPod(daemonSet, node));
    }
  }
  return { node, pods: pods.map((pod) => renamed(pod, node.metadata.name)) };
}

/** A copy of the template under a name of its own. */
export function freshNode({ node, pods }: NodeTemplate, suffix: string): NodeTemplate {
  const fresh = named(node, `${node.metadata.name}-${suffix}`);
  return { node: fresh, pods: pods.map((pod) => renamed(pod, fresh.metadata.name)) };
}

function named(node: Node, name: string): Node {
  const labels = { ...node.metadata.labels, "kubernetes.io/hostname": name };
  return { ...node, metadata: { ...node.metadata, name, labels } };
}

function renamed(pod: Pod, nodeName: string): Pod {
  const [name] = pod.metadata.name.split("@");
  return { ...pod, metadata: { ...pod.metadata, name: `${name}@${nodeName}` }, spec: { ...pod.spec, nodeName } };
}

/** Taints that tell of the sample's state and not of the group's nodes. */
const stateTaints = new Set([
  toBeDeletedTaint,
  deletionCandidateTaint,
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/unschedulable",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/network-unavailable",
  "node.kubernetes.io/pid-pressure",
  "node.cloudprovider.kubernetes.io/uninitialized",
  "node.cloudprovider.kubernetes.io/shutdown",
  "cloud.google.com/impending-node-termination",
  "NodeWithImpairedVolumes",
]);
const statusTaintPrefix = "status-taint.cluster-autoscaler.kubernetes.io/";

function sanitizedNode(sample: Node, name: string): Node {
  const taints = (sample.spec.taints ?? []).filter(
    ({ key }) => !stateTaints.has(key) && !isStartupTaint(key) && !key.startsWith(statusTaintPrefix),
  );
  const { unschedulable: _cordoned, taints: _taints, ...spec } = sample.spec;
  const labels = { ...sample.metadata.labels, "cluster-autoscaler.kubernetes.io/template-node": "true" };
  const metadata = { ...sample.metadata, labels };
  return named({ ...sample, metadata, spec: { ...spec, ...(taints.length > 0 && { taints }) } }, name);
}

const daemonTolerations = [
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/pid-pressure",
  "node.kubernetes.io/unschedulable",
].map((key) => ({ key, operator: "Exists" }));

/** The pod that a DaemonSet would put on the node, if it would (`NodeShouldRunDaemonPod`). */
function daemonPod(daemonSet: DaemonSet, node: Node): Pod[] {
  const { template } = daemonSet.spec;
  const { metadata } = daemonSet;
  const tolerations = [...(template.spec?.tolerations ?? []), ...daemonTolerations];
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      name: `${metadata.name}-pod`,
      namespace: metadata.namespace,
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "DaemonSet", name: metadata.name, uid: metadata.uid, controller: true },
      ],
    },
    spec: { ...template.spec, tolerations },
    status: {},
  } as unknown as Pod;
  const untolerated = findUntoleratedTaint(node.spec.taints, tolerations, ["NoSchedule", "NoExecute"]);
  return untolerated === undefined && new RequiredNodeAffinity(pod).matches(node) ? [pod] : [];
}
