import { type Container, type ObjectKey, objectKey, type Pod } from "../model/index.ts";

type SourceKind = "ConfigMap" | "Secret";

/** Where ConfigMaps and Secrets are looked up. */
export interface Sources {
  /** Names of what it holds; `undefined` when there is none. */
  keysOf(kind: SourceKind, key: ObjectKey): ReadonlySet<string> | undefined;
}

/** The first ConfigMap or Secret that a pod mounts and that is not there or lacks a key, in the kubelet's words. */
export function missingMount(pod: Pod, api: Sources): string | undefined {
  const { namespace } = pod.metadata;
  for (const { name, configMap, secret, projected } of pod.spec.volumes ?? []) {
    const sources = [
      { configMap, secret: secret && { ...secret, name: secret.secretName } },
      ...(projected?.sources ?? []),
    ];
    for (const source of sources) {
      const missing =
        absent(api, namespace, "ConfigMap", source.configMap) ?? absent(api, namespace, "Secret", source.secret);
      if (missing !== undefined) return `MountVolume.SetUp failed for volume "${name}" : ${missing}`;
    }
  }
  return undefined;
}

/** The first ConfigMap or Secret that a container's environment needs and that is not there or lacks a key. */
export function missingEnvironment(
  { env = [], envFrom = [] }: Container,
  pod: Pod,
  sources: Sources,
): string | undefined {
  const { namespace } = pod.metadata;
  for (const { configMapRef, secretRef } of envFrom) {
    const missing =
      absent(sources, namespace, "ConfigMap", configMapRef) ?? absent(sources, namespace, "Secret", secretRef);
    if (missing !== undefined) return missing;
  }
  for (const { valueFrom } of env) {
    const missing =
      absent(sources, namespace, "ConfigMap", valueFrom?.configMapKeyRef) ??
      absent(sources, namespace, "Secret", valueFrom?.secretKeyRef);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
  /** What an environment takes of it. */
  readonly key?: string;
  /** What a volume takes of it; absent: everything. */
  readonly items?: readonly { readonly key: string }[];
}

function absent(
  sources: Sources,
  namespace: string | undefined,
  kind: SourceKind,
  reference: Reference | undefined,
): string | undefined {
  const { name, optional, key, items = [] } = reference ?? {};
  if (name === undefined || optional === true) return undefined;
  const keys = sources.keysOf(kind, objectKey(namespace, name));
  if (keys === undefined) return `${kind.toLowerCase()} "${name}" not found`;
  if (key !== undefined && !keys.has(key)) return `couldn't find key ${key} in ${kind} ${namespace}/${name}`;
  const item = items.find((one) => !keys.has(one.key));
  if (item === undefined) return undefined;
  return `${kind === "Secret" ? "references non-existent secret" : "configmap references non-existent config"} key: ${item.key}`;
}
