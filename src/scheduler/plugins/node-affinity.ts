import {
  CompiledNodeSelector,
  type NodeAffinity as NodeAffinitySpec,
  type NodeSelectorTerm,
  RequiredNodeAffinity,
} from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { CycleState, StateData } from "../framework/cycle-state.ts";
import { definePlugin, type PreFilterResult } from "../framework/plugin.ts";
import { type Status, skip, unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { PreferredNodeAffinity } from "../snapshot/preferred-node-affinity.ts";
import { normalize } from "./normalize.ts";

const name = "NodeAffinity";
const notEnforced = unresolvable("node(s) didn't match scheduler-enforced node affinity");
const notMatched = unresolvable("node(s) didn't match Pod's node affinity/selector");
const conflict = unresolvable("pod affinity terms conflict");

class Required implements StateData {
  readonly affinity: RequiredNodeAffinity;
  constructor(affinity: RequiredNodeAffinity) {
    this.affinity = affinity;
  }
  clone(): this {
    return this;
  }
}

class Preferred implements StateData {
  readonly affinity: PreferredNodeAffinity;
  constructor(affinity: PreferredNodeAffinity) {
    this.affinity = affinity;
  }
  clone(): this {
    return this;
  }
}

interface NodeAffinityArgs {
  /** Applied to every pod of the profile, besides the pod's own affinity. */
  readonly addedAffinity?: NodeAffinitySpec;
}

/** nodeSelector and node affinity of the pod, and the affinity that the profile adds. */
export const nodeAffinity = definePlugin<NodeAffinityArgs>({
  name,
  create: ({ addedAffinity }) => {
    const addedRequired = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const added = addedRequired === undefined ? undefined : new CompiledNodeSelector(addedRequired);
    const addedTerms = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    const addedPreferred = addedTerms === undefined ? undefined : new PreferredNodeAffinity(addedTerms);

    const matches = (required: RequiredNodeAffinity, node: NodeInfo): boolean =>
      (added === undefined || added.matches(node.node!)) && required.matches(node.node!);

    const becameMatching = ({ pod }: PodInfo, { nodeBefore, nodeAfter }: ClusterEvent): boolean => {
      const required = new RequiredNodeAffinity(pod);
      if (nodeAfter === undefined || !matches(required, nodeAfter)) return false;
      return nodeBefore === undefined || !matches(required, nodeBefore);
    };

    return {
      name,
      preFilter: (state, { pod }) => {
        const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
        const selector = pod.spec.nodeSelector;
        const hasSelector = selector !== undefined && Object.keys(selector).length > 0;
        if (required === undefined && added === undefined && !hasSelector) return skip;
        state.write(name, new Required(new RequiredNodeAffinity(pod)));
        return required === undefined ? undefined : namedNodes(required.nodeSelectorTerms ?? []);
      },
      filter: (state, { pod }, node) => {
        if (added !== undefined && !added.matches(node.node!)) return notEnforced;
        const required = state.read<Required>(name)?.affinity ?? new RequiredNodeAffinity(pod);
        return required.matches(node.node!) ? undefined : notMatched;
      },
      preScore: (state, { pod }) => {
        const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
        const none = terms === undefined || terms.length === 0;
        if (none && addedPreferred === undefined) return skip;
        state.write(`${name}/score`, new Preferred(new PreferredNodeAffinity(terms ?? [])));
        return undefined;
      },
      score: (state: CycleState, _pod, node) => {
        const own = state.read<Preferred>(`${name}/score`)?.affinity.score(node.node!) ?? 0;
        return own + (addedPreferred?.score(node.node!) ?? 0);
      },
      normalizeScore: (_state, _pod, scores) => normalize(scores),
      events: [{ resource: "Node", actions: ["Add", "UpdateNodeLabel"], hint: becameMatching }],
    };
  },
});

/** The only nodes that can match when every term names some; terms are ORed, requirements within one ANDed. */
function namedNodes(terms: readonly NodeSelectorTerm[]): PreFilterResult | Status | undefined {
  if (terms.length === 0) return undefined;
  const nodeNames = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let ofTerm: readonly string[] | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== "metadata.name" || operator !== "In") continue;
      ofTerm = ofTerm === undefined ? values : ofTerm.filter((nodeName) => values.includes(nodeName));
    }
    if (ofTerm === undefined) return undefined;
    for (const nodeName of ofTerm) nodeNames.add(nodeName);
  }
  return nodeNames.size === 0 ? conflict : { nodeNames };
}
