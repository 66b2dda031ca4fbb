import type { Kind, KubeObject, ObjectKey, TemplateMeta, Uid } from "../model/index.ts";
import type { ApiError } from "./api-error.ts";
import type { ObjectPart } from "./store.ts";

/** An object as a client sends it: the server gives it its identity. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: TemplateMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export type PropagationPolicy = "Background" | "Foreground" | "Orphan";

export interface DeleteOptions {
  /** Absent: the pod's own `terminationGracePeriodSeconds`. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: PropagationPolicy;
  readonly preconditions?: { readonly uid?: Uid; readonly resourceVersion?: string };
}

/** What a client can ask. One request is one transaction of the store. */
export type ApiRequest =
  | { readonly verb: "create"; readonly object: NewObject }
  /** PUT: refused with 409 when `next` was made from an object that is no longer the stored one. */
  | { readonly verb: "update"; readonly next: KubeObject; readonly part: ObjectPart }
  /** PATCH without a resourceVersion: never conflicts. The change gets what is stored when the request arrives. */
  | {
      readonly verb: "patch";
      readonly kind: Kind;
      readonly key: ObjectKey;
      readonly part: ObjectPart;
      /** Precondition: 409 when the object is another one of that name. */
      readonly uid?: Uid;
      readonly change: (stored: never) => KubeObject;
    }
  | { readonly verb: "delete"; readonly kind: Kind; readonly key: ObjectKey; readonly options?: DeleteOptions }
  | { readonly verb: "bind"; readonly key: ObjectKey; readonly uid: Uid; readonly node: string }
  | { readonly verb: "evict"; readonly key: ObjectKey; readonly options?: DeleteOptions }
  | { readonly verb: "get"; readonly kind: Kind; readonly key: ObjectKey };

export type ApiReply =
  | { readonly ok: true; readonly object: KubeObject }
  | { readonly ok: false; readonly error: ApiError };
