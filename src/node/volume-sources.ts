import { type Container, type ObjectKey, objectKey, type Pod } from "../model/index.ts";

/** Where ConfigMaps and Secrets are looked up. */
export interface Sources {
  has(kind: "ConfigMap" | "Secret", key: ObjectKey): boolean;
}

/** The first ConfigMap or Secret that a pod mounts and that is not there, in the kubelet's words. */
export function missingMount(pod: Pod, api: Sources): string | undefined {
  const { namespace } = pod.metadata;
  for (const { name, configMap, secret, projected } of pod.spec.volumes ?? []) {
    const sources = [
      { configMap, secret: secret && { name: secret.secretName, optional: secret.optional } },
      ...(projected?.sources ?? []),
    ];
    for (const source of sources) {
      const missing = absent(api, namespace, source);
      if (missing !== undefined) return `MountVolume.SetUp failed for volume "${name}" : ${missing}`;
    }
  }
  return undefined;
}

/** The first ConfigMap or Secret that a container's environment needs and that is not there. */
export function missingEnvironment(
  { env = [], envFrom = [] }: Container,
  pod: Pod,
  sources: Sources,
): string | undefined {
  const { namespace } = pod.metadata;
  for (const { configMapRef, secretRef } of envFrom) {
    const missing = absent(sources, namespace, { configMap: configMapRef, secret: secretRef });
    if (missing !== undefined) return missing;
  }
  for (const { valueFrom } of env) {
    const { configMapKeyRef, secretKeyRef } = valueFrom ?? {};
    const missing = absent(sources, namespace, { configMap: configMapKeyRef, secret: secretKeyRef });
    if (missing !== undefined) return missing;
  }
  return undefined;
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

function absent(
  sources: Sources,
  namespace: string | undefined,
  { configMap, secret }: { readonly configMap?: Reference; readonly secret?: Reference },
): string | undefined {
  const gone = (kind: "ConfigMap" | "Secret", { name, optional }: Reference): boolean =>
    optional !== true && name !== undefined && !sources.has(kind, objectKey(namespace, name));
  if (configMap !== undefined && gone("ConfigMap", configMap)) return `configmap "${configMap.name}" not found`;
  if (secret !== undefined && gone("Secret", secret)) return `secret "${secret.name}" not found`;
  return undefined;
}
