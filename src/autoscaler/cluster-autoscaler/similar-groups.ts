import { compareQuantities, milliValue, type Node } from "../../model/index.ts";
import { infoOf } from "./cluster-snapshot.ts";
import type { NodeGroup } from "./node-groups.ts";
import type { NodeTemplate } from "./template-nodes.ts";

const ignoredLabels: readonly string[] = [
  "kubernetes.io/hostname",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "beta.kubernetes.io/fluentd-ds-ready",
  "kops.k8s.io/instancegroup",
  "alpha.eksctl.io/instance-id",
  "alpha.eksctl.io/nodegroup-name",
  "eks.amazonaws.com/nodegroup",
  "k8s.amazonaws.com/eniConfig",
  "lifecycle",
  "topology.ebs.csi.aws.com/zone",
  "topology.gke.io/zone",
  "topology.disk.csi.azure.com/zone",
];
const memoryCapacityTolerance = 0.015;
const allocatableTolerance = 0.05;
const freeTolerance = 0.05;

/** Whether two groups may share a scale-up: nodes of nearly one size, with equal labels but for where they are. */
export function similarTemplates(left: NodeTemplate, right: NodeTemplate, moreIgnored: readonly string[]): boolean {
  const [one, other] = [left.node.status, right.node.status];
  const names = keysOfBoth(one.capacity, other.capacity);
  if (names === undefined) return false;
  for (const name of names) {
    const [mine, theirs] = [one.capacity![name]!, other.capacity![name]!];
    if (name === "memory") {
      if (!within(milliValue(mine), milliValue(theirs), memoryCapacityTolerance)) return false;
    } else if (compareQuantities(mine, theirs) !== 0) return false;
  }
  const allocatable = keysOfBoth(one.allocatable, other.allocatable);
  if (allocatable === undefined) return false;
  for (const name of allocatable) {
    const [mine, theirs] = [one.allocatable![name]!, other.allocatable![name]!].map(milliValue) as [number, number];
    if (!within(mine, theirs, allocatableTolerance)) return false;
  }
  const [mine, theirs] = [freeOf(left), freeOf(right)];
  const free = keysOfBoth(mine, theirs);
  if (free === undefined) return false;
  for (const name of free) if (!within(mine[name]!, theirs[name]!, freeTolerance)) return false;
  return sameLabels(left.node, right.node, new Set([...ignoredLabels, ...moreIgnored]));
}

type Amounts = Readonly<Record<string, unknown>>;

/** The names, if both have the same. */
function keysOfBoth(left: Amounts = {}, right: Amounts = {}): string[] | undefined {
  const names = Object.keys(left);
  const same = names.length === Object.keys(right).length && names.every((name) => right[name] !== undefined);
  return same ? names : undefined;
}

function within(left: number, right: number, tolerance: number): boolean {
  const larger = Math.max(left, right);
  return larger - Math.min(left, right) <= larger * tolerance;
}

/** What the pods of the template leave, in thousandths. */
function freeOf({ node, pods }: NodeTemplate): Record<string, number> {
  const requested = new Map<string, number>([
    ["cpu", 0],
    ["memory", 0],
    ["ephemeral-storage", 0],
    ["pods", 0],
  ]);
  for (const pod of pods) {
    const { requests } = infoOf(pod);
    add(requested, "cpu", requests.cpuMillicores);
    add(requested, "memory", requests.memoryBytes * 1000);
    add(requested, "ephemeral-storage", requests.ephemeralBytes * 1000);
    for (const [name, amount] of requests.scalars) add(requested, name, amount * 1000);
  }
  const free: Record<string, number> = {};
  for (const [name, amount] of requested) free[name] = milliValue(node.status.allocatable?.[name] ?? "0") - amount;
  return free;
}

function add(sums: Map<string, number>, name: string, amount: number): void {
  sums.set(name, (sums.get(name) ?? 0) + amount);
}

function sameLabels(left: Node, right: Node, ignored: ReadonlySet<string>): boolean {
  const kept = ({ metadata }: Node): Map<string, string> =>
    new Map(Object.entries(metadata.labels ?? {}).filter(([name]) => !ignored.has(name)));
  const [mine, theirs] = [kept(left), kept(right)];
  if (mine.size !== theirs.size) return false;
  for (const [name, value] of mine) if (theirs.get(name) !== value) return false;
  return true;
}

/** How far one group is raised. */
export interface ScaleUpInfo {
  readonly group: NodeGroup;
  readonly currentSize: number;
  newSize: number;
  readonly maxSize: number;
}

/** Gives nodes to the smallest group, one by one; full groups fall out (`BalanceScaleUpBetweenGroups`). */
export function balance(groups: readonly NodeGroup[], wanted: number): ScaleUpInfo[] {
  const infos = groups
    .filter(({ target, max }) => target < max)
    .map((group) => ({ group, currentSize: group.target, newSize: group.target, maxSize: group.max }));
  const room = infos.reduce((sum, { currentSize, maxSize }) => sum + maxSize - currentSize, 0);
  let left = Math.min(wanted, room);
  infos.sort((a, b) => a.currentSize - b.currentSize);
  let first = 0;
  let current = 0;
  while (left > 0) {
    const info = infos[current]!;
    if (info.newSize < info.maxSize) {
      info.newSize += 1;
      left -= 1;
    } else {
      infos[current] = infos[first]!;
      infos[first] = info;
      first += 1;
    }
    // Whoever stands there now: a full group has changed places with the first.
    const next = infos[current + 1];
    if (next !== undefined && infos[current]!.newSize > next.newSize) current += 1;
    else current = first;
  }
  return infos.filter(({ newSize, currentSize }) => newSize !== currentSize);
}
