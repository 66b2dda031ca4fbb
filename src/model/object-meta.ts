/** Kubernetes quantity text, canonical in stored objects: `500m`, `128Mi`. See `quantity.ts` for its numbers. */
export type Quantity = string;
/** A number, or text such as `25%` or a port's name. */
export type IntOrString = number | string;
/** RFC 3339 text in UTC; API times have whole seconds (micro times six decimals). See `wall-clock.ts`. */
export type Time = string;

declare const brand: unique symbol;
/** `namespace/name`, or `name` alone for cluster-scoped kinds. Made by `keyOf` and `objectKey` only. */
export type ObjectKey = string & { readonly [brand]: "ObjectKey" };
/** UUID text; deletion ties are broken by it, so it is a hash and never a counter. */
export type Uid = string & { readonly [brand]: "Uid" };

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: Uid;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: Time;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly subresource?: string;
}

/** Metadata of a stored object: identity is always there. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped kinds. */
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: Uid;
  /** The store's revision of the last write, as decimal text. */
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: Time;
  readonly deletionTimestamp?: Time;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Metadata of a template, or of an object on its way into the store. */
export type TemplateMeta = Partial<ObjectMeta>;

/** What every stored object has. Kinds nobody simulates (custom resources) are just this and their content. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object as a client sends it: without the identity that the server gives. */
export type Unstored<T extends KubeObject> = Omit<T, "metadata" | "status"> & {
  readonly metadata: TemplateMeta;
  readonly status?: unknown;
};

export function objectKey(namespace: string | undefined, name: string): ObjectKey {
  return (namespace === undefined || namespace === "" ? name : `${namespace}/${name}`) as ObjectKey;
}

export function keyOf(object: { readonly metadata: TemplateMeta }): ObjectKey {
  return objectKey(object.metadata.namespace, object.metadata.name ?? "");
}

/** The namespace of a key; "" for cluster-scoped kinds. */
export function namespaceOf(key: ObjectKey): string {
  const slash = key.indexOf("/");
  return slash < 0 ? "" : key.slice(0, slash);
}

export function nameOf(key: ObjectKey): string {
  return key.slice(key.indexOf("/") + 1);
}

/** The owner reference with `controller: true`, if there is one. */
export function controllerOf(object: { readonly metadata: TemplateMeta }): OwnerReference | undefined {
  const references = object.metadata.ownerReferences;
  if (references === undefined) return undefined;
  for (const reference of references) if (reference.controller === true) return reference;
  return undefined;
}

/** The reference that makes `owner` the controller of a new object, as controllers of kube-controller-manager write it. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Finalizers of an object but for one. */
export function otherFinalizers({ metadata }: Pick<KubeObject, "metadata">, finalizer: string): string[] {
  return (metadata.finalizers ?? []).filter((one) => one !== finalizer);
}
