import type { NewObject } from "../apiserver/index.ts";
import { type JsonObject, type Kind, type ObjectKey, objectKey, type Taint } from "../model/index.ts";
import type { Action, DrainOptions } from "./action.ts";
import type { ActionText } from "./action-schema.ts";
import type { Complain } from "./complaint.ts";
import { defined } from "./defined.ts";

/** What the resolver of a scenario lends: its references, its files and its complaints. */
export interface ActionContext {
  readonly atUs: number;
  readonly path: readonly PropertyKey[];
  readonly pools: readonly string[];
  reference(text: string, path: readonly PropertyKey[]): { readonly kind: Kind; readonly key: ObjectKey };
  manifests(file: string): readonly NewObject[];
  readonly complain: Complain;
}

/** An action as written turned into what is to be sent. */
export function resolveAction(text: ActionText, context: ActionContext): Action {
  const { atUs, path } = context;
  const said = (words: string): { readonly atUs: number; readonly text: string } => ({ atUs, text: words });
  const target = (field: string, written: string, kinds?: readonly Kind[]) => {
    const { kind, key } = context.reference(written, [...path, field]);
    if (kinds !== undefined && !kinds.includes(kind)) {
      const expected = kinds.map((one) => one.toLowerCase()).join(", ");
      context.complain("BAD_REFERENCE", [...path, field], `one of ${expected}`, written);
    }
    return { kind, key };
  };
  const node = (field: string, name: string): string => {
    const known = context.pools.some(
      (pool) => name.startsWith(`${pool}-`) && /^\d+$/.test(name.slice(pool.length + 1)),
    );
    const expected = `a node such as "${context.pools[0]}-1"`;
    if (!known) context.complain("UNKNOWN_REFERENCE", [...path, field], expected, name);
    return name;
  };
  if ("scale" in text) {
    const { scale, replicas } = text;
    const scalable = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
    return { ...said(`scale ${scale} to ${replicas}`), do: "scale", ...target("scale", scale, scalable), replicas };
  }
  if ("apply" in text) return { ...said(`apply ${text.apply}`), do: "apply", objects: context.manifests(text.apply) };
  if ("delete" in text) {
    const propagationPolicy = ({ background: "Background", foreground: "Foreground", orphan: "Orphan" } as const)[
      text.cascade
    ];
    const grace = text.gracePeriod === undefined ? {} : { gracePeriodSeconds: text.gracePeriod };
    const found = text.delete.startsWith("node/")
      ? nodeTarget(node("delete", text.delete.slice("node/".length)))
      : target("delete", text.delete);
    return { ...said(`delete ${text.delete}`), do: "delete", ...found, propagationPolicy, ...grace };
  }
  if ("patch" in text) {
    const what =
      text.type === "json"
        ? { type: text.type, patch: text.with }
        : { type: text.type, patch: text.with as JsonObject };
    return { ...said(`patch ${text.patch}`), do: "patch", ...target("patch", text.patch), ...what } as Action;
  }
  if ("rolloutRestart" in text) {
    const { rolloutRestart } = text;
    const found = target("rolloutRestart", rolloutRestart, rolledOut);
    return { ...said(`rollout restart ${rolloutRestart}`), do: "rollout-restart", ...found };
  }
  if ("rolloutUndo" in text) {
    const { rolloutUndo, toRevision } = text;
    const found = target("rolloutUndo", rolloutUndo, rolledOut);
    const revision = toRevision === undefined ? {} : { toRevision };
    return { ...said(`rollout undo ${rolloutUndo}`), do: "rollout-undo", ...found, ...revision };
  }
  if ("rolloutPause" in text) {
    const found = target("rolloutPause", text.rolloutPause, ["Deployment"]);
    return { ...said(`rollout pause ${text.rolloutPause}`), do: "rollout-pause", ...found };
  }
  if ("rolloutResume" in text) {
    const found = target("rolloutResume", text.rolloutResume, ["Deployment"]);
    return { ...said(`rollout resume ${text.rolloutResume}`), do: "rollout-resume", ...found };
  }
  if ("setImage" in text) {
    const { setImage, container, image } = text;
    const found = target("setImage", setImage);
    return {
      ...said(`set image ${setImage} ${image}`),
      do: "set-image",
      ...found,
      image,
      ...(container && { container }),
    };
  }
  if ("label" in text) {
    const found = text.label.startsWith("node/")
      ? nodeTarget(node("label", text.label.slice("node/".length)))
      : target("label", text.label);
    return { ...said(`label ${text.label}`), do: "label", ...found, labels: text.set };
  }
  if ("taint" in text) {
    const parsed = parseTaint(text.with);
    if (parsed === undefined)
      context.complain(
        "BAD_TAINT",
        [...path, "with"],
        'a taint such as "key=value:NoSchedule" or "key:NoExecute-"',
        text.with,
      );
    const { taint, remove } = parsed ?? { taint: { key: "", effect: "NoSchedule" }, remove: false };
    return { ...said(`taint ${text.taint} ${text.with}`), do: "taint", node: node("taint", text.taint), taint, remove };
  }
  if ("cordon" in text)
    return { ...said(`cordon ${text.cordon}`), do: "cordon", node: node("cordon", text.cordon), on: true };
  if ("uncordon" in text)
    return { ...said(`uncordon ${text.uncordon}`), do: "cordon", node: node("uncordon", text.uncordon), on: false };
  if ("drain" in text)
    return { ...said(`drain ${text.drain}`), do: "drain", node: node("drain", text.drain), ...drainOptions(text) };
  if ("evict" in text) {
    const { evict, count } = text;
    return { ...said(`evict ${count} of ${evict}`), do: "evict", ...target("evict", evict), count };
  }
  if ("resize" in text) {
    const { resize, container, count, requests, limits } = text;
    if (requests === undefined && limits === undefined)
      context.complain("MISSING_FIELD", path, "requests or limits", text);
    return {
      ...said(`resize ${resize}`),
      do: "resize",
      ...target("resize", resize),
      resources: { ...(requests && { requests: defined(requests) }), ...(limits && { limits: defined(limits) }) },
      ...(container !== undefined && { container }),
      ...(count !== undefined && { count }),
    };
  }
  for (const [index, pool] of (text.pools ?? []).entries()) {
    if (!context.pools.includes(pool))
      context.complain("UNKNOWN_REFERENCE", [...path, "pools", index], "the name of a node pool", pool);
  }
  const { upgrade: mode, pools = context.pools, maxSurge, restart: restartUs } = text;
  const words = `upgrade ${pools.join(", ")} (${mode})`;
  return { ...said(words), do: "upgrade", pools, mode, maxSurge, restartUs, ...drainOptions(text) };
}

const rolledOut = ["Deployment", "StatefulSet", "DaemonSet"];

function nodeTarget(name: string): { readonly kind: Kind; readonly key: ObjectKey } {
  return { kind: "Node", key: objectKey(undefined, name) };
}

function drainOptions(text: Extract<ActionText, { force: boolean }>): DrainOptions {
  const { gracePeriod, timeout, ignoreDaemonSets, force, deleteEmptyDirData, disableEviction } = text;
  return {
    ...(gracePeriod !== undefined && { gracePeriodSeconds: gracePeriod }),
    ...(timeout !== undefined && { timeoutUs: timeout }),
    ignoreDaemonSets,
    force,
    deleteEmptyDirData,
    disableEviction,
  };
}

/** `key=value:Effect`, `key:Effect`, and either with a `-` behind it. */
function parseTaint(text: string): { readonly taint: Taint; readonly remove: boolean } | undefined {
  const [, key, value, effect, minus] =
    /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)(-?)$/.exec(text) ?? [];
  if (key === undefined || effect === undefined) return undefined;
  return { taint: { key, effect, ...(value !== undefined && { value }) }, remove: minus === "-" };
}
