import type { ApiServer, NewObject } from "../../src/apiserver/index.ts";
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
export function patchAs(api: ApiServer, { kind, patchType, patch, subresource }: TimelineAction, key: ObjectKey): void {
  const { apiVersion } = kindInfos[kind as keyof typeof kindInfos];
  const change = (stored: KubeObject): KubeObject => {
    const patched =
      patchType === "json"
        ? applyJsonPatch(stored, patch as never)
        : patchType === "strategic"
          ? applyStrategicMergePatch(stored as never, patch as never, structOf(apiVersion, kind!)!)
          : applyMergePatch(stored, patch);
    return applyDefaults(patched as never) as unknown as KubeObject;
  };
  const part = subresource === "status" ? "status" : "main";
  api.handle({ verb: "patch", kind: kind!, key, part, change: change as never });
}
