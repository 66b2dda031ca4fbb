import type { ApiReply, ApiServer, NewObject, ObjectPart } from "../../src/apiserver/index.ts";
import {
  applyDefaults,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  isNamespaced,
  type KubeObject,
  kindInfos,
  type ObjectKey,
  structOf,
} from "../../src/model/index.ts";
import type { TimelineAction } from "./timelines-recording.ts";

/** What a recording's user creates stands in the recording's namespace unless it says another. */
export function createAs(api: ApiServer, object: NewObject, recordedNamespace: string): void {
  const namespaced = isNamespaced(object.kind) && object.metadata.namespace === undefined;
  const metadata = namespaced ? { ...object.metadata, namespace: recordedNamespace } : object.metadata;
  api.handle({ verb: "create", object: { ...object, metadata } });
}

/** A user's patch of any of the three kinds, as the API server applies it. */
export function patchAs(api: ApiServer, action: TimelineAction, key: ObjectKey): ApiReply {
  const change = patchOf(action) as never;
  return api.handle({ verb: "patch", kind: action.kind!, key, part: partOf(action.subresource), change });
}

function patchOf({ kind, patchType, patch }: TimelineAction): (stored: KubeObject) => KubeObject {
  const { apiVersion } = kindInfos[kind as keyof typeof kindInfos];
  return (stored) => {
    const patched =
      patchType === "json"
        ? applyJsonPatch(stored, patch as never)
        : patchType === "strategic"
          ? applyStrategicMergePatch(stored as never, patch as never, structOf(apiVersion, kind!)!)
          : applyMergePatch(stored, patch);
    return applyDefaults(patched as never) as unknown as KubeObject;
  };
}

export function partOf(subresource: string | undefined): ObjectPart {
  return subresource === "status" || subresource === "resize" ? subresource : "main";
}
