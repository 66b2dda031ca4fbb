import {
  extensionPoints,
  type PluginReference,
  type Profile,
  type ProfilePlugins,
} from "./kube-scheduler-configuration.ts";

/** Plugins of the default profile, enabled at every point they implement, with the weights of their scores. */
const defaultPlugins: readonly PluginReference[] = [
  { name: "SchedulingGates" },
  { name: "PrioritySort" },
  { name: "NodeUnschedulable" },
  { name: "NodeName" },
  { name: "TaintToleration", weight: 3 },
  { name: "NodeAffinity", weight: 2 },
  { name: "NodePorts" },
  { name: "NodeResourcesFit", weight: 1 },
  { name: "VolumeRestrictions" },
  { name: "NodeVolumeLimits" },
  { name: "VolumeBinding" },
  { name: "VolumeZone" },
  { name: "PodTopologySpread", weight: 2 },
  { name: "InterPodAffinity", weight: 2 },
  { name: "DynamicResources", weight: 2 },
  { name: "NodeDeclaredFeatures" },
  { name: "DefaultPreemption" },
  { name: "NodeResourcesBalancedAllocation", weight: 1 },
  { name: "ImageLocality", weight: 1 },
  { name: "DefaultBinder" },
];

/** The user's plugins merged with the defaults: a default that the user enables again is replaced in its place. */
export function mergePlugins(plugins: ProfilePlugins): Pick<Profile, "multiPoint" | "points"> {
  const { enabled = [], disabled = [] } = plugins.multiPoint ?? {};
  const off = new Set(disabled.map(({ name }) => name));
  const replaced = new Set<PluginReference>();
  const multiPoint: PluginReference[] = [];
  if (!off.has("*")) {
    for (const plugin of defaultPlugins) {
      if (off.has(plugin.name)) continue;
      const own = enabled.findLast(({ name }) => name === plugin.name);
      if (own !== undefined) replaced.add(own);
      multiPoint.push(own ?? plugin);
    }
  }
  multiPoint.push(...enabled.filter((plugin) => !replaced.has(plugin)));
  const points = Object.fromEntries(
    extensionPoints.map((point) => [
      point,
      { enabled: plugins[point]?.enabled ?? [], disabled: plugins[point]?.disabled ?? [] },
    ]),
  ) as unknown as Profile["points"];
  return { multiPoint, points };
}
