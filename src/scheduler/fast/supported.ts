import type { Framework } from "../framework/framework.ts";
import { inTreePlugins } from "../plugins/registry.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { crossNodePlugins } from "./local-class.ts";

/** Profiles of built-in plugins that run at all the points they belong to, and of others that look at one node only. */
export function isSupported({ plugins, registry }: Framework): boolean {
  const inTree = new Map(inTreePlugins.map((definition) => [definition.name, definition]));
  const runs = (list: readonly { readonly name: string }[], name: string): boolean =>
    list.some((plugin) => plugin.name === name);
  for (const list of [plugins.preFilter, plugins.filter]) {
    for (const { name } of list) {
      const definition = registry.get(name);
      if (definition === inTree.get(name)) continue;
      if (inTree.has(name) || definition?.looksAtOneNode === undefined) return false;
    }
  }
  for (const name of [...crossNodePlugins, "NodeAffinity"]) {
    if (runs(plugins.preFilter, name) !== runs(plugins.filter, name)) return false;
    if (runs(plugins.preScore, name) !== runs(plugins.score, name)) return false;
  }
  const local = plugins.filter.filter(({ name }) => !crossNodePlugins.has(name));
  for (const { name } of local) if (!runs(plugins.preFilter, name) && needsPreFilter.has(name)) return false;
  return true;
}

/** Whether all scores of single nodes may be remembered; else only verdicts are. */
export function remembersScores({ plugins, registry }: Framework): boolean {
  const inTree = new Map(inTreePlugins.map((definition) => [definition.name, definition]));
  return [...plugins.preScore, ...plugins.score].every(({ name }) => {
    const definition = registry.get(name);
    return definition === inTree.get(name) || (!inTree.has(name) && definition?.looksAtOneNode === "filter and score");
  });
}

/** Whether some plugin of the profile is not a built-in one. */
export function hasOwnPlugins({ plugins, registry }: Framework): boolean {
  const inTree = new Set(inTreePlugins);
  return Object.values(plugins).some((list) => list.some(({ name }) => !inTree.has(registry.get(name)!)));
}

const needsPreFilter: ReadonlySet<string> = new Set([
  "NodeVolumeLimits",
  "VolumeBinding",
  "VolumeZone",
  "VolumeRestrictions",
]);

/**
 * Pods that name nodes, and pods with volumes that are claims or disks: their plugins look at other objects, which are not
 * watched for changes here.
 */
export function isUnusual({ pod }: PodInfo): boolean {
  const { volumes, resourceClaims, affinity } = pod.spec;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  // A DaemonSet's pods name their nodes: each would be a class of its own, for one node.
  if (terms?.some(({ matchFields }) => matchFields !== undefined)) return true;
  if (resourceClaims !== undefined && resourceClaims.length > 0) return true;
  if (volumes === undefined) return false;
  for (const volume of volumes) {
    if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) return true;
    if ((volume.awsElasticBlockStore ?? volume.gcePersistentDisk ?? volume.rbd ?? volume.iscsi) !== undefined)
      return true;
    if ((volume.azureDisk ?? volume.cinder ?? volume.portworxVolume) !== undefined) return true;
  }
  return false;
}
