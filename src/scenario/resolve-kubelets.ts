import type { NodePool } from "../cloud/index.ts";
import type { Pod } from "../model/index.ts";
import { type KubeletSettings, settingsProblems, sizeWith } from "../node/index.ts";
import { admitManifests } from "./admit-manifests.ts";
import type { Complain, Complaint } from "./complaint.ts";
import { defined } from "./defined.ts";
import { readManifests } from "./manifests.ts";
import type { Scenario } from "./scenario.ts";
import type { NodePoolText } from "./scenario-schema.ts";

/** By node pool: what its kubelets are told, and the pods in their files; complaints about these files come beside. */
export function resolveKubelets(
  texts: readonly NodePoolText[],
  folder: string,
  complain: Complain,
): { readonly kubelets: Scenario["kubelets"]; readonly complaints: readonly Complaint[] } {
  const complaints: Complaint[] = [];
  const kubelets = new Map(
    texts.map(({ name, kubelet, staticPods }, index) => {
      const path = ["spec", "cluster", "nodePools", index];
      const read = readManifests(folder, staticPods);
      const admitted = admitManifests(read.manifests);
      complaints.push(...read.complaints, ...admitted.complaints);
      for (const { kind, metadata } of admitted.objects)
        if (kind !== "Pod")
          complain("BAD_REFERENCE", [...path, "staticPods"], "manifests of pods", `${kind} ${metadata.name}`);
      const settings = resolveSettings(kubelet, [...path, "kubelet"], complain);
      return [name, { settings, staticPods: admitted.objects as unknown as readonly Pod[] }] as const;
    }),
  );
  return { kubelets, complaints };
}

/** Pools whose machines offer what their kubelets leave of them. */
export function sizedByKubelets(pools: readonly NodePool[], kubelets: Scenario["kubelets"]): NodePool[] {
  return pools.map((pool) => {
    const { machineType } = pool;
    return { ...pool, machineType: { ...machineType, ...sizeWith(machineType, kubelets.get(pool.name)!.settings) } };
  });
}

/** Nothing where the kubelets would not start with it. */
function resolveSettings(
  kubelet: NodePoolText["kubelet"],
  path: readonly PropertyKey[],
  complain: Complain,
): KubeletSettings {
  const settings = defined(kubelet) as KubeletSettings;
  const problems = settingsProblems(settings);
  for (const { path: at, expected, found } of problems)
    complain("BAD_CONFIGURATION", [...path, ...at], expected, found);
  return problems.length === 0 ? settings : {};
}
