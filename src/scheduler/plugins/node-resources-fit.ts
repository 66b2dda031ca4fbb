import { aggregateText, type PodResources } from "../../model/index.ts";
import { fitArgsErrors } from "../configuration/args-validation.ts";
import { ConfigurationError } from "../configuration/kube-scheduler-configuration.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import { definePlugin } from "../framework/plugin.ts";
import { type Status, unresolvable, unschedulable } from "../framework/status.ts";
import { type Allocatable, NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { isExtendedResource } from "../snapshot/scalar-resources.ts";
import { type ResourceWeight, type ScoringStrategy, scoringStrategy } from "./resource-scores.ts";

interface NodeResourcesFitArgs {
  /** Extended resources that are not looked at. */
  readonly ignoredResources?: readonly string[];
  /** Domains of extended resources that are not looked at. */
  readonly ignoredResourceGroups?: readonly string[];
  readonly scoringStrategy?: ScoringStrategy;
}

interface Ignored {
  readonly names: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Rejects a node that lacks what the pod requests, naming every shortage; scores what is left (or used) there. */
export const nodeResourcesFit = definePlugin<NodeResourcesFitArgs>({
  name: "NodeResourcesFit",
  create: (args) => {
    const errors = fitArgsErrors(args);
    if (errors.length > 0) {
      throw new ConfigurationError("build", errors[0]!.field, aggregateText(errors.map(({ text }) => text)));
    }
    const ignored: Ignored = {
      names: new Set(args.ignoredResources ?? []),
      groups: new Set(args.ignoredResourceGroups ?? []),
    };
    const score = scoringStrategy(args.scoringStrategy ?? {});
    return {
      name: "NodeResourcesFit",
      preFilter: () => undefined,
      filter: (_state, pod, node) => fits(pod.requests, node, ignored),
      preScore: () => undefined,
      score: (_state, pod, node) => score(pod.scored, node),
      events: [
        { resource: "AssignedPod", actions: ["Delete"] },
        { resource: "AssignedPod", actions: ["UpdatePodScaleDown"], hint: freesWhatIsAsked },
        { resource: "UnschedulablePod", actions: ["UpdatePodScaleDown"], hint: asksLess },
        {
          resource: "Node",
          actions: ["Add", "UpdateNodeAllocatable"],
          hint: (pod, event) => grewEnough(pod, event, ignored),
        },
      ],
    };
  },
});

/** Shortages as bits, in upstream's order; the last bit says that the node is too small even when empty. */
const tooManyPods = 1;
const shortOfCpu = 2;
const shortOfMemory = 4;
const shortOfEphemeral = 8;
const tooSmall = 16;
const words = [
  [tooManyPods, "Too many pods"],
  [shortOfCpu, "Insufficient cpu"],
  [shortOfMemory, "Insufficient memory"],
  [shortOfEphemeral, "Insufficient ephemeral-storage"],
] as const;

/** Beyond what the node has at all, removing pods does not help: no candidate for preemption since 1.36. */
function rejectionOf(shortages: number, scalars: readonly string[]): Status {
  const reasons = words.filter(([bit]) => (shortages & bit) !== 0).map(([, text]) => text);
  const all = [...reasons, ...scalars.map((name) => `Insufficient ${name}`)];
  return (shortages & tooSmall) !== 0 ? unresolvable(...all) : unschedulable(...all);
}

/** By shortages, for pods without scalar resources: one status serves all nodes. */
const rejections: readonly Status[] = Array.from({ length: 32 }, (_, shortages) => rejectionOf(shortages, []));

/** Every shortage of the node for these requests, in upstream's words and order. */
function fits(requests: PodResources, node: NodeInfo, ignored: Ignored): Status | undefined {
  const { allocatable } = node;
  const { cpuMillicores: cpu, memoryBytes: memory, ephemeralBytes: ephemeral, scalars } = requests;
  let shortages = node.pods.length + 1 > allocatable.pods ? tooManyPods : 0;
  if (cpu > 0 && cpu > allocatable.cpuMillicores - node.requestedCpuMillicores) {
    shortages |= cpu > allocatable.cpuMillicores ? shortOfCpu | tooSmall : shortOfCpu;
  }
  if (memory > 0 && memory > allocatable.memoryBytes - node.requestedMemoryBytes) {
    shortages |= memory > allocatable.memoryBytes ? shortOfMemory | tooSmall : shortOfMemory;
  }
  if (ephemeral > 0 && ephemeral > allocatable.ephemeralBytes - node.requestedEphemeralBytes) {
    shortages |= ephemeral > allocatable.ephemeralBytes ? shortOfEphemeral | tooSmall : shortOfEphemeral;
  }
  if (scalars.size > 0) return fitsScalars(scalars, node, ignored, shortages);
  return shortages === 0 ? undefined : rejections[shortages]!;
}

function fitsScalars(
  scalars: ReadonlyMap<string, number>,
  node: NodeInfo,
  ignored: Ignored,
  others: number,
): Status | undefined {
  let shortages = others;
  const short: string[] = [];
  for (const [name, amount] of scalars) {
    if (amount === 0 || isIgnored(name, ignored)) continue;
    const has = node.allocatable.scalars.get(name) ?? 0;
    if (amount <= has - (node.requestedScalars.get(name) ?? 0)) continue;
    short.push(name);
    if (amount > has) shortages |= tooSmall;
  }
  if (short.length > 0) return rejectionOf(shortages, short);
  return shortages === 0 ? undefined : rejections[shortages]!;
}

function isIgnored(name: string, { names, groups }: Ignored): boolean {
  if (names.size + groups.size === 0 || !isExtendedResource(name)) return false;
  return names.has(name) || groups.has(name.slice(0, name.indexOf("/")));
}

/** Resources the pod asks for, by name. */
function asked(pod: PodInfo): string[] {
  return [...pod.requests.all].filter(([, amount]) => amount > 0).map(([name]) => name);
}

function freesWhatIsAsked(pod: PodInfo, { podBefore, podAfter }: ClusterEvent): boolean {
  if (podBefore === undefined || podAfter === undefined) return true;
  return asked(pod).some((name) => amountOf(podBefore, name) > amountOf(podAfter, name));
}

function asksLess(_pod: PodInfo, { podBefore, podAfter }: ClusterEvent): boolean {
  if (podBefore === undefined || podAfter === undefined) return true;
  return asked(podBefore).some((name) => amountOf(podBefore, name) > amountOf(podAfter, name));
}

const amountOf = (pod: PodInfo, name: string): number => pod.requests.all.get(name) ?? 0;

/** A new node on which the pod alone would fit, or one that grew in something the pod needs and would hold it alone. */
function grewEnough(pod: PodInfo, { nodeBefore, nodeAfter }: ClusterEvent, ignored: Ignored): boolean {
  if (nodeAfter?.node === undefined) return false;
  const empty = new NodeInfo(nodeAfter.name);
  empty.setNode(nodeAfter.node);
  if (fits(pod.requests, empty, ignored) !== undefined) return false;
  if (nodeBefore === undefined) return true;
  const [before, after]: [Allocatable, Allocatable] = [nodeBefore.allocatable, nodeAfter.allocatable];
  if (after.pods > before.pods) return true;
  return asked(pod).some((name) => nodeAfter.allocatableOf(name) > nodeBefore.allocatableOf(name));
}

export type { ResourceWeight };
