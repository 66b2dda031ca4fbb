import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  type Task,
  type View,
  waitUntil,
} from "../../client/index.ts";
import { keyOf, type ObjectKey, otherFinalizers, type VolumeAttachment } from "../../model/index.ts";

/** What the driver and the cloud take: 1 to 4 s mostly (kubernetes-sigs/aws-ebs-csi-driver pkg/cloud/cloud.go, comment @429e202). */
const attachUs = 3_000_000;
const detachUs = 3_000_000;

/**
 * The external-attacher beside every CSI driver (kubernetes-csi, as of 2026-08): attaches what a VolumeAttachment asks for and says
 * so in its status; one that is deleted stays by its finalizer until the volume is detached.
 */
export const externalAttacher: Controller<undefined> = {
  name: "external-attacher",
  workers: 100,
  memory: () => undefined,
  watches: [
    {
      kind: "VolumeAttachment",
      keys: ({ key, before, after }: Change<VolumeAttachment>) =>
        before === undefined || after?.metadata.deletionTimestamp !== undefined ? [key] : [],
    },
  ],
  reconcile,
};

const finalizerOf = (driver: string): string => `external-attacher/${driver.replaceAll(".", "-")}`;

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const attachment = view.get("VolumeAttachment", key);
  if (attachment === undefined) return "done";
  return attachment.metadata.deletionTimestamp === undefined
    ? yield* attach(attachment, view)
    : yield* detach(attachment, view);
}

function* attach(attachment: VolumeAttachment, view: View): Task<Outcome> {
  const finalizer = finalizerOf(attachment.spec.attacher);
  if (attachment.status.attached === true) return "done";
  if (!attachment.metadata.finalizers?.includes(finalizer)) {
    const outcome = yield* patch(attachment, "main", (stored) => ({
      ...stored,
      metadata: { ...stored.metadata, finalizers: [...otherFinalizers(stored, finalizer), finalizer] },
    }));
    if (outcome !== "done") return outcome;
  }
  yield* waitUntil(view.nowUs + attachUs);
  return yield* patch(attachment, "status", (stored) => ({ ...stored, status: { ...stored.status, attached: true } }));
}

function* detach(attachment: VolumeAttachment, view: View): Task<Outcome> {
  const finalizer = finalizerOf(attachment.spec.attacher);
  if (!attachment.metadata.finalizers?.includes(finalizer)) return "done";
  yield* waitUntil(view.nowUs + detachUs);
  return yield* patch(attachment, "main", (stored) => ({
    ...stored,
    metadata: { ...stored.metadata, finalizers: otherFinalizers(stored, finalizer) },
  }));
}

function* patch(
  { metadata, spec }: VolumeAttachment,
  part: "main" | "status",
  change: (stored: VolumeAttachment) => VolumeAttachment,
): Task<Outcome> {
  const key = keyOf({ metadata });
  const reply = yield* callApi(spec.attacher, {
    verb: "patch",
    kind: "VolumeAttachment",
    key,
    uid: metadata.uid,
    part,
    change,
  });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
