import type { Endpoint, EndpointSlice, ObjectKey, Pod, Uid } from "../../model/index.ts";

/** Marks a slice whose deletion was asked for. */
const deleted = -1;

/**
 * Which slices the controller has written, at which generation: while the cache is behind them a sync would write the
 * same again (EndpointSliceTracker of kube-controller-manager v1.36).
 */
export class SliceTracker {
  readonly #generations = new Map<ObjectKey, Map<Uid, number>>();
  /** Endpoints made of pods as they are: valid as long as the pod object is. */
  readonly endpoints = new WeakMap<Pod, Endpoint>();

  wrote(service: ObjectKey, slice: EndpointSlice): void {
    this.#of(service).set(slice.metadata.uid, slice.metadata.generation ?? 1);
  }

  removed(service: ObjectKey, slice: EndpointSlice): void {
    this.#of(service).set(slice.metadata.uid, deleted);
  }

  /** The cache lacks a slice that was written, has one that was deleted, or an older one. */
  isStale(service: ObjectKey, cached: readonly EndpointSlice[]): boolean {
    const generations = this.#generations.get(service);
    if (generations === undefined) return false;
    const seen = new Set<Uid>();
    for (const { metadata } of cached) {
      seen.add(metadata.uid);
      const generation = generations.get(metadata.uid);
      if (generation === deleted || (generation !== undefined && generation > (metadata.generation ?? 1))) return true;
    }
    for (const [uid, generation] of generations) {
      if (seen.has(uid)) continue;
      if (generation !== deleted) return true;
      generations.delete(uid);
    }
    return false;
  }

  forget(service: ObjectKey): void {
    this.#generations.delete(service);
  }

  /** A slice that is gone, by whoever's hand, is expected no longer. Says whether it was still expected. */
  gone(service: ObjectKey, slice: EndpointSlice): boolean {
    const generation = this.#generations.get(service)?.get(slice.metadata.uid);
    this.#generations.get(service)?.delete(slice.metadata.uid);
    return generation !== deleted;
  }

  #of(service: ObjectKey): Map<Uid, number> {
    let generations = this.#generations.get(service);
    if (generations === undefined) {
      generations = new Map();
      this.#generations.set(service, generations);
    }
    return generations;
  }
}
