import { callApi, type Task, waitUntil } from "../../client/index.ts";
import {
  boundByController,
  keyOf,
  type ObjectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  selectedNode,
} from "../../model/index.ts";
import type { PluginHandle } from "../framework/plugin.ts";
import { schedulerClient } from "../framework/scheduler-client.ts";
import { failure, type Status } from "../framework/status.ts";
import { reachableFrom } from "./persistent-volume-match.ts";
import type { VolumePlan } from "./volume-binder.ts";
import { isFullyBound } from "./volume-claims.ts";

const pollUs = 1_000_000;

/** The volume as it is once it is promised to the claim. */
export function volumeFor({ metadata }: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolume {
  const { name, namespace = "default", uid } = metadata;
  const annotations = { ...volume.metadata.annotations, [boundByController]: "yes" };
  const claimRef = { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid };
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } };
}

/** The claim as it is once a volume is to be made for it where its pod will run. */
export function claimFor(nodeName: string, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const annotations = { ...claim.metadata.annotations, [selectedNode]: nodeName };
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}

/** Writes the plan, then looks every second whether kube-controller-manager has bound the claims (`BindPodVolumes`). */
export function* bindVolumes(
  plan: VolumePlan,
  nodeName: string,
  handle: PluginHandle,
  timeoutUs: number,
): Task<Status | undefined> {
  const writes = [
    ...plan.bindings.map(({ claim, volume }) => ({
      kind: "PersistentVolume" as const,
      key: keyOf(volume),
      change: (stored: PersistentVolume) => volumeFor(claim, stored),
    })),
    ...plan.provisions.map((claim) => ({
      kind: "PersistentVolumeClaim" as const,
      key: keyOf(claim),
      change: (stored: PersistentVolumeClaim) => claimFor(nodeName, stored),
    })),
  ];
  for (const write of writes) {
    const reply = yield* callApi(schedulerClient, { verb: "patch", part: "main", ...write });
    if (!reply.ok) return failure(reply.error.message);
  }
  const untilUs = handle.nowUs() + timeoutUs;
  while (handle.nowUs() + pollUs <= untilUs) {
    yield* waitUntil(handle.nowUs() + pollUs);
    const found = checkBindings(plan, nodeName, handle);
    if (found === "bound") return undefined;
    if (found !== "waiting") return failure(`binding volumes: ${found.problem}`);
  }
  return failure("binding volumes: context deadline exceeded");
}

function checkBindings(
  { bindings, provisions }: VolumePlan,
  nodeName: string,
  { snapshot }: PluginHandle,
): "bound" | "waiting" | { readonly problem: string } {
  const { objects } = snapshot;
  const node = snapshot.node(nodeName)?.node;
  if (node === undefined) return { problem: `failed to get node "${nodeName}": node "${nodeName}" not found` };
  const mismatch = (volume: PersistentVolume): { readonly problem: string } => ({
    problem: `pv "${volume.metadata.name}" node affinity doesn't match node "${nodeName}": no matching NodeSelectorTerms`,
  });
  for (const { claim, volume } of bindings) {
    const stored = objects.get("PersistentVolume", volume.metadata.name);
    const now = claimNow(claim);
    if (stored === undefined || now === undefined) return notFound(keyOf(stored === undefined ? volume : claim));
    if (!reachableFrom(stored, node)) return mismatch(stored);
    if ((stored.spec.claimRef?.uid ?? "") === "")
      return { problem: `ClaimRef got reset for pv "${volume.metadata.name}"` };
    if (!isFullyBound(now)) return "waiting";
  }
  for (const claim of provisions) {
    const now = claimNow(claim);
    if (now === undefined) return notFound(keyOf(claim));
    const selected = now.metadata.annotations?.[selectedNode] ?? "";
    if (selected === "") return { problem: `provisioning failed for PVC "${claim.metadata.name}"` };
    if (selected !== nodeName) {
      return { problem: `selectedNode annotation value "${selected}" not set to scheduled node "${nodeName}"` };
    }
    const volume = objects.get("PersistentVolume", now.spec.volumeName ?? "");
    if (volume === undefined) return "waiting";
    if (!reachableFrom(volume, node)) return mismatch(volume);
    if (!isFullyBound(now)) return "waiting";
  }
  return "bound";

  function claimNow({ metadata }: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
    return objects.get("PersistentVolumeClaim", metadata.name, metadata.namespace ?? "default");
  }
}

const notFound = (key: ObjectKey): { readonly problem: string } => ({
  problem: `failed to check binding: "${key}" not found`,
});
