import type { NewObject } from "../apiserver/index.ts";
import type { Kind, ObjectKey } from "../model/index.ts";

/** What a person does at an instant, as kubectl would: resolved, ready to be sent. */
export type Action = { readonly atUs: number; readonly text: string } & (
  | { readonly do: "scale"; readonly kind: Kind; readonly key: ObjectKey; readonly replicas: number }
  | { readonly do: "apply"; readonly objects: readonly NewObject[] }
  | { readonly do: "delete"; readonly kind: Kind; readonly key: ObjectKey }
  | { readonly do: "rollout-restart"; readonly kind: Kind; readonly key: ObjectKey }
  | {
      readonly do: "set-image";
      readonly kind: Kind;
      readonly key: ObjectKey;
      readonly container?: string;
      readonly image: string;
    }
  | { readonly do: "cordon"; readonly node: string; readonly on: boolean }
  | { readonly do: "drain"; readonly node: string }
);
