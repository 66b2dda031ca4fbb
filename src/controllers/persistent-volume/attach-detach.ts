import { createHash } from "node:crypto";
import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
  waitUntil,
} from "../../client/index.ts";
import {
  attachableVolume,
  type CsiVolume,
  claimsOf,
  findCondition,
  isPodTerminal,
  type Node,
  type ObjectKey,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  uniqueVolumeName,
  type VolumeAttachment,
} from "../../model/index.ts";
import { nextTickAt, type Ticker } from "../../sim/index.ts";

const client = "attachdetach-controller";
/** The reconciler turns every 100 ms. */
const reconciler: Ticker = { phaseUs: 0, periodUs: 100_000 };
/** `maxWaitForUnmountDuration`: after this a volume is taken from a machine that is not well, unmounted or not. */
const maxWaitForUnmountUs = 360_000_000;
const outOfService = "node.kubernetes.io/out-of-service";

interface Memory {
  /** By attachment: since when nobody wants it. */
  readonly unwantedSince: Map<string, number>;
  /** By volume: nodes whose pods were told that they have to wait, once for each. */
  readonly told: Map<string, Set<string>>;
  /** Attachments that were written into their Node's status, which may not have been seen yet. */
  readonly published: Set<string>;
}

/**
 * attach-detach-controller of kube-controller-manager v1.36: a volume is attached to the machines whose pods use it, and leaves a machine only when the kubelet says that it is not in use there, when the Node is gone or out
 * of service, or, while the machine is not ready, after six minutes. One key is one volume.
 */
export const attachDetachController: Controller<Memory> = {
  name: client,
  workers: 10,
  memory: () => ({ unwantedSince: new Map(), told: new Map(), published: new Set() }),
  watches: [
    { kind: "Pod", keys: podKeys },
    { kind: "PersistentVolumeClaim", keys: ({ after }: Change<PersistentVolumeClaim>) => volumeOf(after) },
    { kind: "PersistentVolume", keys: ({ key }: Change<PersistentVolume>) => [key] },
    {
      kind: "VolumeAttachment",
      keys: ({ before, after }: Change<VolumeAttachment>) => {
        const name = (after ?? before)!.spec.source.persistentVolumeName;
        return name === undefined ? [] : [objectKey(undefined, name)];
      },
    },
    { kind: "Node", keys: nodeKeys },
  ],
  reconcile,
};

function volumeOf(claim: PersistentVolumeClaim | undefined): ObjectKey[] {
  const name = claim?.spec.volumeName;
  return name === undefined ? [] : [objectKey(undefined, name)];
}

/** A pod that got a node, or that needs its volumes no more. */
function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  const pod = (after ?? before)!;
  if (pod.spec.volumes === undefined) return [];
  const needs = (version: Pod | undefined): string | undefined =>
    version === undefined || isPodTerminal(version) ? undefined : version.spec.nodeName;
  if (needs(before) === needs(after)) return [];
  return claimsOf(pod).flatMap((key) => volumeOf(view.get("PersistentVolumeClaim", key)));
}

/** What the kubelet says of volumes, how the machine is, or that it is gone. */
function nodeKeys({ before, after }: Change<Node>, view: View): ObjectKey[] {
  if (before === undefined) return [];
  const same =
    after !== undefined &&
    before.status.volumesInUse === after.status.volumesInUse &&
    before.spec.taints === after.spec.taints &&
    isReady(before) === isReady(after);
  if (same) return [];
  return [...view.attachmentsOn(before.metadata.name)].flatMap(({ spec }) =>
    spec.source.persistentVolumeName === undefined ? [] : objectKey(undefined, spec.source.persistentVolumeName),
  );
}

function* reconcile(key: ObjectKey, view: View, memory: Memory): Task<Outcome> {
  const volume = view.get("PersistentVolume", key);
  const source = volume && attachableVolume(volume.spec);
  if (volume === undefined || source === undefined) return "done";
  yield* waitUntil(nextTickAt(reconciler, view.nowUs));
  const wanted = podsByNode(volume, view);
  const attachments = [...view.attachmentsOf(volume.metadata.name)];
  const told = memory.told.get(volume.metadata.name) ?? new Set();
  let nextUs = Number.POSITIVE_INFINITY;
  for (const attachment of attachments) {
    if (attachment.metadata.deletionTimestamp !== undefined) continue; // Its end brings the volume here again.
    const { nodeName } = attachment.spec;
    const { name } = attachment.metadata;
    const since = wanted.has(nodeName) ? undefined : (memory.unwantedSince.get(name) ?? view.nowUs);
    if (since === undefined) {
      memory.unwantedSince.delete(name);
      continue;
    }
    memory.unwantedSince.set(name, since);
    const atUs = detachableAtUs(view.get("Node", objectKey(undefined, nodeName)), source, since);
    if (atUs <= view.nowUs) {
      memory.unwantedSince.delete(name);
      memory.published.delete(name);
      return yield* detach(attachment, source);
    }
    nextUs = Math.min(nextUs, atUs);
  }
  for (const [node, pods] of wanted) {
    const here = attachments.find(({ spec }) => spec.nodeName === node);
    if (here?.status.attached === true && here.metadata.deletionTimestamp === undefined) {
      if (isPublished(here, source, view, memory)) continue;
      const outcome = yield* publish(volume, source, node, pods);
      if (outcome === "done") memory.published.add(here.metadata.name);
      return outcome;
    }
    if (here !== undefined) continue; // The driver is at it.
    const elsewhere = attachments.filter(({ spec }) => spec.nodeName !== node);
    if (elsewhere.length === 0 || !isExclusive(volume)) return yield* ask(volume, source, node);
    if (told.has(node)) continue;
    memory.told.set(volume.metadata.name, told.add(node));
    yield* tellToWait(volume, pods, podsOn(wanted, elsewhere));
  }
  for (const node of told) if (!wanted.has(node)) told.delete(node);
  return nextUs === Number.POSITIVE_INFINITY ? "done" : { requeueInUs: nextUs - view.nowUs };
}

/** The Node's status tells the kubelet of it. */
function isPublished({ metadata, spec }: VolumeAttachment, source: CsiVolume, view: View, memory: Memory): boolean {
  if (memory.published.has(metadata.name)) return true;
  const attached = view.get("Node", objectKey(undefined, spec.nodeName))?.status.volumesAttached ?? [];
  return attached.some(({ name }) => name === uniqueVolumeName(source));
}

/** Pods that need the volume, by node: those that have one and are not over. One that is being deleted needs it still. */
function podsByNode({ metadata, spec: { claimRef } }: PersistentVolume, view: View): Map<string, Pod[]> {
  const wanted = new Map<string, Pod[]>();
  const claimKey = claimRef && objectKey(claimRef.namespace, claimRef.name ?? "");
  const claim = claimKey && view.get("PersistentVolumeClaim", claimKey);
  if (claimKey === undefined || claim?.spec.volumeName !== metadata.name) return wanted;
  for (const pod of view.podsWithClaim(claimKey)) {
    const { nodeName = "" } = pod.spec;
    if (nodeName === "" || isPodTerminal(pod)) continue;
    const pods = wanted.get(nodeName);
    if (pods === undefined) wanted.set(nodeName, [pod]);
    else pods.push(pod);
  }
  return wanted;
}

function podsOn(wanted: ReadonlyMap<string, readonly Pod[]>, attachments: readonly VolumeAttachment[]): Pod[] {
  return attachments.flatMap(({ spec }) => wanted.get(spec.nodeName) ?? []);
}

/** When a volume that nobody wants on the node any more may be taken from it; Infinity: not before something changes. */
function detachableAtUs(node: Node | undefined, source: CsiVolume, sinceUs: number): number {
  if (node === undefined || !node.status.volumesInUse?.includes(uniqueVolumeName(source))) return sinceUs;
  if (node.spec.taints?.some(({ key }) => key === outOfService)) return sinceUs;
  return isReady(node) ? Number.POSITIVE_INFINITY : sinceUs + maxWaitForUnmountUs;
}

function isReady({ status }: Node): boolean {
  return findCondition(status.conditions, "Ready")?.status === "True";
}

/** Only one node at a time may have it. */
function isExclusive({ spec: { accessModes = [] } }: PersistentVolume): boolean {
  return !accessModes.includes("ReadWriteMany") && !accessModes.includes("ReadOnlyMany");
}

/** Asks the driver to attach the volume. */
function* ask({ metadata }: PersistentVolume, source: CsiVolume, nodeName: string): Task<Outcome> {
  const attachment = {
    apiVersion: "storage.k8s.io/v1",
    kind: "VolumeAttachment",
    metadata: { name: attachmentName(source, nodeName) },
    spec: { attacher: source.driver, nodeName, source: { persistentVolumeName: metadata.name } },
  };
  const reply = yield* callApi(client, { verb: "create", object: attachment });
  return reply.ok || reply.error.reason === "AlreadyExists" ? "done" : { retry: reply.error };
}

/** Tells the pods, and their kubelet. */
function* publish(volume: PersistentVolume, source: CsiVolume, nodeName: string, pods: readonly Pod[]): Task<Outcome> {
  for (const pod of pods) yield* recordEvent(client, pod, "Normal", "SuccessfulAttachVolume", attachedText(volume));
  const unique = uniqueVolumeName(source);
  return yield* changeAttached(nodeName, (volumes) => [
    ...volumes.filter((one) => one.name !== unique),
    { name: unique, devicePath: "" },
  ]);
}

function attachedText({ metadata }: PersistentVolume): string {
  return `AttachVolume.Attach succeeded for volume "${metadata.name}" `;
}

function* detach({ metadata, spec }: VolumeAttachment, source: CsiVolume): Task<Outcome> {
  const unique = uniqueVolumeName(source);
  const outcome = yield* changeAttached(spec.nodeName, (volumes) => volumes.filter(({ name }) => name !== unique));
  if (outcome !== "done") return outcome;
  const key = objectKey(undefined, metadata.name);
  const reply = yield* callApi(client, { verb: "delete", kind: "VolumeAttachment", key });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

type Attached = NonNullable<Node["status"]["volumesAttached"]>;

/** Tells the kubelet what is attached to its machine. */
function* changeAttached(nodeName: string, changed: (volumes: Attached) => Attached): Task<Outcome> {
  const change = (stored: Node): Node => ({
    ...stored,
    status: { ...stored.status, volumesAttached: changed(stored.status.volumesAttached ?? []) },
  });
  const key = objectKey(undefined, nodeName);
  const reply = yield* callApi(client, { verb: "patch", kind: "Node", key, part: "status", change });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

/** The pods' events say who has the volume: names of pods only within one namespace. */
function* tellToWait({ metadata }: PersistentVolume, pods: readonly Pod[], holders: readonly Pod[]): Task<void> {
  for (const pod of pods) {
    const local = holders.filter((one) => one.metadata.namespace === pod.metadata.namespace);
    const foreign = holders.length - local.length;
    const names = local.map((one) => one.metadata.name).join(", ");
    const words = [
      ...(local.length > 0 ? [`pod(s) ${names}`] : []),
      ...(foreign > 0 ? [`${foreign} pod(s) in different namespaces`] : []),
    ];
    const why =
      holders.length === 0
        ? "Volume is already exclusively attached to one node and can't be attached to another"
        : `Volume is already used by ${words.join(" and ")}`;
    const message = `Multi-Attach error for volume "${metadata.name}" ${why}`;
    yield* recordEvent(client, pod, "Warning", "FailedAttachVolume", message);
  }
}

/** `csi-` and the SHA-256 of the three in a row (kube-controller-manager v1.36, `getAttachmentName`). */
function attachmentName({ driver, handle }: CsiVolume, nodeName: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${nodeName}`).digest("hex")}`;
}
