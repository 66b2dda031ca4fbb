import {
  applyDefaults,
  DecodeError,
  generationAfter,
  initialPodStatus,
  type Kind,
  type KubeObject,
  keyOf,
  nameOf,
  namespaceOf,
  type ObjectKey,
  type ObjectMeta,
  type ObjectOf,
  objectKey,
  type Pod,
  type PodSpec,
  prepareForCreate,
  resizedPodSpec,
  type Service,
  structOf,
  validateCreate,
  validateResize,
  validateUpdate,
} from "../model/index.ts";
import { admit, namespaceRefusal, resizeRefusal, validatingRefusal } from "./admission.ts";
import {
  type ApiError,
  alreadyExists,
  conflict,
  invalidObject,
  notFound,
  unavailable,
  undecodable,
} from "./api-error.ts";
import { BoundLabels } from "./bound-labels.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { deletionOf, namespaceFinalizers } from "./deletion.ts";
import { EventLog } from "./event-log.ts";
import { evictionVerdict } from "./eviction.ts";
import { Identities } from "./identity.ts";
import { LeaseTable } from "./lease-table.ts";
import { PodSpecs } from "./pod-specs.ts";
import type { ApiReply, ApiRequest, DeleteOptions, NewObject } from "./request.ts";
import { ServiceAddresses } from "./service-addresses.ts";
import type { ObjectPart, Store } from "./store.ts";
import { withTemplateGeneration } from "./template-generation.ts";

/** kube-apiserver: rules around the store. A request is answered within the instant; latency is the client's. */
export class ApiServer {
  readonly store: Store;
  readonly events = new EventLog();
  readonly leases = new LeaseTable();
  readonly #identities: Identities;
  readonly #podSpecs = new PodSpecs();
  readonly #addresses: ServiceAddresses;
  readonly #boundLabels = new BoundLabels();
  readonly #availabilityListeners: (() => void)[] = [];
  #up = true;

  constructor(store: Store, seed: string) {
    this.store = store;
    this.#identities = new Identities(seed);
    this.#addresses = new ServiceAddresses(store);
  }

  /** A server that is down answers nobody; faults switch it. */
  get up(): boolean {
    return this.#up;
  }

  set up(up: boolean) {
    if (up === this.#up) return;
    this.#up = up;
    for (const listener of this.#availabilityListeners) listener();
  }

  onAvailability(listener: () => void): void {
    this.#availabilityListeners.push(listener);
  }

  handle(request: ApiRequest): ApiReply {
    if (!this.#up) return { ok: false, error: unavailable };
    switch (request.verb) {
      case "create":
        return this.#create(request.object);
      case "update":
        return this.#update(request.next, request.part);
      case "patch":
        return this.#patch(request);
      case "delete":
        return this.#delete(request.kind, request.key, request.options ?? {});
      case "bind":
        return this.#bind(request.key, request.uid, request.node);
      case "evict":
        return this.#evict(request.key, request.options ?? {});
      case "get": {
        const object = this.store.get(request.kind, request.key);
        return object === undefined ? refused(notFound(request.kind, request.key)) : { ok: true, object };
      }
    }
  }

  #create(sent: NewObject): ApiReply {
    const completed = sent.kind === "Pod" ? this.#completedPod(sent) : this.#completed(sent);
    if (!completed.ok) return completed;
    const { object } = completed;
    const refusal = validatingRefusal(this.store, object);
    if (refusal !== undefined) return refused(refusal);
    const key = keyOf(object);
    const there = this.store.get(object.kind, key);
    if (there !== undefined) {
      if (there.metadata.deletionTimestamp === undefined) return refused(alreadyExists(object.kind, key));
      const error = alreadyExists(object.kind, key);
      return refused({ ...error, message: `object is being deleted: ${error.message}` });
    }
    const creationTimestamp = this.store.clock.time(this.store.nowUs);
    const metadata = { ...(object.metadata as ObjectMeta), resourceVersion: "", creationTimestamp };
    return { ok: true, object: this.store.create({ ...object, metadata }) };
  }

  /** Name and uid, which some kinds' strategies already want to know. */
  #identified(object: NewObject): NewObject {
    const { generateName, namespace, name } = object.metadata;
    const generated = (name === undefined || name === "") && generateName !== undefined;
    const given = generated ? this.#freshName(object.kind, namespace, generateName) : (name ?? "");
    const uid = this.#identities.uid(`${object.kind}/${objectKey(namespace, given)}`, generated);
    return { ...object, metadata: { ...object.metadata, name: given, uid } };
  }

  /** Defaults, mutating admission, and what the registry's strategy makes of it. */
  #completed(sent: NewObject): Completed {
    try {
      const admitted = admit(this.store, applyDefaults(sent as never) as unknown as NewObject);
      if (!admitted.ok) return admitted;
      const named = this.#identified(admitted.object);
      const addressed = sent.kind === "Service" ? this.#addresses.allocate(named) : undefined;
      if (addressed?.ok === false) return { ok: false, error: invalidObject(named, addressed.errors) };
      const identified = addressed?.object ?? named;
      const context = { uid: identified.metadata.uid!, now: this.store.clock.time(this.store.nowUs) };
      const object = prepareForCreate(identified as never, context) as unknown as NewObject;
      const errors = isValidated(object) ? validateCreate(object as never) : [];
      return errors.length > 0
        ? { ok: false, error: invalidObject(object, errors) }
        : { ok: true, object: asRead(object) };
    } catch (error) {
      if (error instanceof DecodeError) return { ok: false, error: undecodable(sent, error.message) };
      throw error;
    }
  }

  /** Pods of one template are completed once: the others take the spec, and differ in their metadata. */
  #completedPod(sent: NewObject): Completed {
    const spec = this.#podSpecs.get(sent.spec, this.store);
    if (spec === undefined) {
      const completed = this.#completed(sent);
      if (completed.ok) this.#podSpecs.put(sent.spec, deepFreeze(completed.object.spec as PodSpec));
      return completed;
    }
    const gone = namespaceRefusal(this.store, sent);
    if (gone !== undefined) return { ok: false, error: gone };
    const identified = this.#identified(sent);
    const metadata = Object.assign({}, identified.metadata, { generation: 1 });
    const status = initialPodStatus({ spec }, this.store.clock.time(this.store.nowUs));
    return { ok: true, object: { apiVersion: sent.apiVersion, kind: sent.kind, metadata, spec, status } };
  }

  /** kube-apiserver tries eight names before it gives up (since 1.32); ours repeat only if a user took one by hand. */
  #freshName(kind: Kind, namespace: string | undefined, generateName: string): string {
    const base = generateName.slice(0, 58);
    let name = "";
    for (let attempt = 0; attempt < 8; attempt += 1) {
      name = base + this.#identities.suffix(`${kind}/${namespace ?? ""}/${base}`);
      if (this.store.get(kind, objectKey(namespace, name)) === undefined) return name;
    }
    return name;
  }

  #update(next: KubeObject, part: ObjectPart): ApiReply {
    const key = keyOf(next);
    const stored = this.store.get(next.kind, key);
    if (stored === undefined) return refused(notFound(next.kind, key, next.apiVersion));
    const { uid, resourceVersion } = next.metadata;
    if (uid !== stored.metadata.uid) {
      return refused(conflict(next.kind, key, `StorageError: invalid object, Code: 4, Key: ${key}`, next.apiVersion));
    }
    if (resourceVersion !== stored.metadata.resourceVersion) {
      return refused(conflict(next.kind, key, undefined, next.apiVersion));
    }
    return this.#write(stored, next, part);
  }

  #patch({ kind, key, part, uid, change }: Extract<ApiRequest, { verb: "patch" }>): ApiReply {
    const stored = this.store.get(kind, key);
    if (stored === undefined) return refused(notFound(kind, key));
    if (uid !== undefined && uid !== stored.metadata.uid) {
      const why = `the UID in the precondition (${uid}) does not match the UID in record (${stored.metadata.uid}).`;
      return refused(conflict(kind, key, `${why} The object might have been deleted and then recreated`));
    }
    return this.#write(stored, change(stored as never), part);
  }

  /** Keeps what the request may not touch, counts the generation, and lets an object go whose last finalizer went. */
  #write(stored: KubeObject, next: KubeObject, part: ObjectPart): ApiReply {
    if (next === stored) return { ok: true, object: stored };
    if (part === "resize") return this.#resize(stored as Pod, next as Pod);
    // Most writes are reports: nothing but the status is another.
    if (part === "status" && next.metadata === stored.metadata && stored.metadata.deletionTimestamp === undefined) {
      return { ok: true, object: this.store.replace(stored, withStatusOf(stored, next)) };
    }
    // Status strategies keep the stored spec and let metadata through; the main ones keep the stored status.
    const merged =
      part === "status" ? { ...withStatusOf(stored, next), metadata: next.metadata } : withStatusOf(next, stored);
    const generation =
      part === "status" ? stored.metadata.generation : generationAfter(stored as never, merged as never);
    const { uid, resourceVersion, creationTimestamp, deletionTimestamp } = stored.metadata;
    const metadata = {
      ...withTemplateGeneration(stored, merged).metadata,
      uid,
      resourceVersion,
      creationTimestamp,
      generation,
    };
    if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
    let complete = { ...merged, metadata };
    if (part === "main") {
      if (complete.kind === "Service") {
        const addressed = this.#addresses.reallocate(complete as Service, stored as Service);
        if (!addressed.ok) return refused(invalidObject(complete, addressed.errors));
        complete = addressed.object as typeof complete;
      }
      const errors = isValidated(complete) ? validateUpdate(stored as never, complete as never) : [];
      if (errors.length > 0) return refused(invalidObject(complete, errors));
    }
    if (deletionTimestamp !== undefined && isFree(complete) && !waitsForGrace(stored)) {
      this.store.remove(complete);
      return { ok: true, object: complete };
    }
    return { ok: true, object: this.store.replace(stored, complete) };
  }

  /** The `resize` subresource of pods: other cpu and memory for containers, and nothing else. */
  #resize(stored: Pod, wanted: Pod): ApiReply {
    const resized = { ...stored, spec: resizedPodSpec(stored.spec, wanted.spec) };
    const metadata = { ...stored.metadata, generation: generationAfter(stored as never, resized as never) };
    const complete = { ...resized, metadata } as Pod;
    const errors = validateResize(stored, complete);
    if (errors.length > 0) return refused(invalidObject(complete, errors));
    const refusal = resizeRefusal(this.store, stored, complete);
    return refusal === undefined ? { ok: true, object: this.store.replace(stored, complete) } : refused(refusal);
  }

  #delete(kind: Kind, key: ObjectKey, options: DeleteOptions): ApiReply {
    const stored = this.store.get(kind, key);
    if (stored === undefined) return refused(notFound(kind, key));
    const uid = options.preconditions?.uid;
    if (uid !== undefined && uid !== stored.metadata.uid) {
      const why = `the UID in the precondition (${uid}) does not match the UID in record (${stored.metadata.uid}).`;
      return refused(conflict(kind, key, `${why} The object might have been deleted and then recreated`));
    }
    const deletion = deletionOf(stored, options, this.store.clock, this.store.nowUs);
    if (deletion.remove) {
      const { resourceVersion } = this.store.remove(stored).metadata;
      return { ok: true, object: { ...deletion.object, metadata: { ...deletion.object.metadata, resourceVersion } } };
    }
    return { ok: true, object: this.store.replace(stored, deletion.object) };
  }

  #bind(key: ObjectKey, uid: string, node: string): ApiReply {
    const pod = this.store.get("Pod", key);
    if (pod === undefined || pod.metadata.uid !== uid) return refused(notFound("Pod", key));
    const refusal = (why: string): ApiReply =>
      refused({
        code: 409,
        reason: "Conflict",
        message: `Operation cannot be fulfilled on pods/binding "${nameOf(key)}": ${why}`,
      });
    if (pod.metadata.deletionTimestamp !== undefined)
      return refusal(`pod ${nameOf(key)} is being deleted, cannot be assigned to a host`);
    if ((pod.spec.nodeName ?? "") !== "")
      return refusal(`pod ${nameOf(key)} is already assigned to node "${pod.spec.nodeName}"`);
    if ((pod.spec.schedulingGates ?? []).length > 0)
      return refusal(`pod ${nameOf(key)} has non-empty .spec.schedulingGates`);
    return { ok: true, object: this.store.replace(pod, boundPod(pod, node, this.store, this.#boundLabels)) };
  }

  #evict(key: ObjectKey, options: DeleteOptions): ApiReply {
    const pod = this.store.get("Pod", key);
    if (pod === undefined) return refused(notFound("Pod", key));
    const verdict = evictionVerdict(this.store, pod);
    if (verdict.refusal !== undefined) return refused(verdict.refusal);
    if (verdict.budget !== undefined) this.store.replace(verdict.budget.before, verdict.budget.after);
    return this.#delete("Pod", key, options);
  }

  /** Objects of a namespace and kind; for the edge (initial state, `inspect`), not for components. */
  *inNamespace<K extends Kind>(kind: K, namespace: string): Iterable<ObjectOf<K>> {
    for (const object of this.store.list(kind)) if (namespaceOf(keyOf(object)) === namespace) yield object;
  }
}

/** An object with everything but its identity, or why it is refused. */
type Completed = { readonly ok: true; readonly object: NewObject } | { readonly ok: false; readonly error: ApiError };

function refused(error: ApiError): ApiReply {
  return { ok: false, error };
}

function withStatusOf(object: KubeObject, from: KubeObject): KubeObject {
  const { status } = from as { readonly status?: unknown };
  return { ...object, status } as KubeObject;
}

/** Custom resources have rules of their own, which nobody here knows. */
function isValidated({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): boolean {
  return structOf(apiVersion, kind) !== undefined;
}

/** Nothing holds the object any more. */
function isFree(object: KubeObject): boolean {
  return (object.metadata.finalizers ?? []).length === 0 && namespaceFinalizers(object).length === 0;
}

function waitsForGrace(stored: KubeObject): boolean {
  return stored.kind === "Pod" && stored.metadata.deletionGracePeriodSeconds !== 0;
}

/** pods/binding: assigns, sets PodScheduled, forgets the nomination, copies the node's zone and region (1.36 defaults). */
function boundPod(pod: Pod, node: string, store: Store, boundLabels: BoundLabels): Pod {
  const time = store.clock.time(store.nowUs);
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: undefined, lastTransitionTime: time };
  const labels = boundLabels.of(pod.metadata.labels, store.get("Node", objectKey(undefined, node))?.metadata.labels);
  const { nominatedNodeName: _, ...status } = pod.status;
  return {
    ...pod,
    metadata: labels === undefined ? pod.metadata : { ...pod.metadata, labels },
    spec: { ...pod.spec, nodeName: node },
    status: Object.assign(status, { conditions: [...conditions, scheduled] }),
  };
}

/** As whoever reads it is shown it: what the strategy took away or added is defaulted anew. */
function asRead(object: NewObject): NewObject {
  return applyDefaults(object as never) as unknown as NewObject;
}
