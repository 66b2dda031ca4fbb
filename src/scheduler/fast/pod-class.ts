import type { Framework } from "../framework/framework.ts";
import { type DefaultConstraint, systemDefaults } from "../plugins/spread-constraints.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { type AffinityArgs, AffinityRules } from "./affinity-rules.ts";
import type { ChangeLog } from "./change-log.ts";
import type { LocalClass } from "./local-class.ts";
import type { PodTallies } from "./pod-tallies.ts";
import { SpreadRules } from "./spread-rules.ts";

interface SpreadArgs {
  readonly defaultConstraints?: readonly DefaultConstraint[];
  readonly defaultingType?: string;
}

/** Which of the two plugins that look across nodes a profile runs, and how. */
export interface CrossNodePlugins {
  readonly affinityFilters: boolean;
  readonly affinityWeight: number;
  readonly affinityArgs: AffinityArgs;
  readonly spreadFilters: boolean;
  readonly spreadWeight: number;
  readonly spreadArgs: SpreadArgs;
}

export function crossNodePluginsOf({ plugins, weights, profile }: Framework): CrossNodePlugins {
  const filters = (plugin: string): boolean => plugins.filter.some(({ name }) => name === plugin);
  return {
    affinityFilters: filters("InterPodAffinity"),
    affinityWeight: weights.get("InterPodAffinity") ?? 0,
    affinityArgs: (profile.pluginConfig.get("InterPodAffinity") ?? {}) as AffinityArgs,
    spreadFilters: filters("PodTopologySpread"),
    spreadWeight: weights.get("PodTopologySpread") ?? 0,
    spreadArgs: (profile.pluginConfig.get("PodTopologySpread") ?? {}) as SpreadArgs,
  };
}

/** Pods about which every plugin says the same: one set of caches serves them all. */
export class PodClass {
  readonly local: LocalClass;
  readonly #tallies: PodTallies;
  readonly #framework: Framework;
  readonly #plugins: CrossNodePlugins;
  readonly #pod: PodInfo;
  /** What changes its verdicts. */
  readonly #log: ChangeLog;
  affinity!: AffinityRules;
  spread!: SpreadRules;
  #versions: readonly number[] = [];

  constructor(
    framework: Framework,
    tallies: PodTallies,
    plugins: CrossNodePlugins,
    pod: PodInfo,
    local: LocalClass,
    log: ChangeLog,
  ) {
    this.#log = log;
    this.#framework = framework;
    this.#tallies = tallies;
    this.#plugins = plugins;
    this.#pod = pod;
    this.local = local;
  }

  /** Takes in what has changed since the last pod of this class. */
  catchUp(): void {
    const { snapshot } = this.#framework;
    const { nodesVersion } = this.#tallies;
    const { namespacesVersion, selectorsVersion } = snapshot.objects;
    const taints = this.spread?.honorsTaints ? snapshot.taintsVersion : 0;
    this.local.grow(snapshot.slotCount);
    this.local.catchUp(this.#log);
    const [nodes, namespaces, selectors, seenTaints] = this.#versions;
    if (nodes !== nodesVersion || namespaces !== namespacesVersion) {
      this.affinity = new AffinityRules(this.#tallies, snapshot, this.#pod, this.#plugins.affinityArgs);
    } else {
      this.affinity.catchUp();
    }
    const sameNodes = nodes === nodesVersion && seenTaints === taints;
    if (sameNodes && namespaces === namespacesVersion && selectors === selectorsVersion) return;
    const { defaultConstraints = [], defaultingType = "System" } = this.#plugins.spreadArgs;
    const system = defaultingType === "System";
    const defaults = system ? systemDefaults : defaultConstraints;
    if (!sameNodes || !this.spread.countsAsNew(snapshot, this.#pod, defaults))
      this.spread = new SpreadRules(this.#tallies, snapshot, this.#pod, defaults, system);
    this.#versions = [
      nodesVersion,
      namespacesVersion,
      selectorsVersion,
      this.spread.honorsTaints ? snapshot.taintsVersion : 0,
    ];
  }
}
