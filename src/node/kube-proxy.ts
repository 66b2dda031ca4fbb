import type { ApiServer } from "../apiserver/index.ts";
import { type EndpointSlice, type ObjectKey, objectKey, type Uid } from "../model/index.ts";
import { type EventLoop, type Handler, handler, phase } from "../sim/index.ts";
import { controlPlane, type Endpoint, sharedDomain, type World } from "../world/index.ts";

const watchUs = 5_000;
/** `minSyncPeriod`: changes in between are merged. */
const minSyncUs = 1_000_000;
/** Rewriting the chains of the changed services. Assumption: a small cluster in iptables or nftables mode. */
const programUs = 50_000;

/**
 * kube-proxy on all machines that hear the API server: they agree, so one table stands for them. A machine that is cut
 * off keeps a copy of what it had.
 */
export class KubeProxies {
  readonly #loop: EventLoop;
  readonly #world: World;
  readonly #slices = new Map<ObjectKey, Map<ObjectKey, EndpointSlice>>();
  readonly #dirty = new Set<ObjectKey>();
  readonly #sync: Handler<undefined>;
  readonly #detached = new Set<number>();
  #syncPending = false;
  #lastSyncUs = Number.NEGATIVE_INFINITY;

  constructor(loop: EventLoop, api: ApiServer, world: World) {
    this.#loop = loop;
    this.#world = world;
    this.#sync = handler("kube-proxy/sync", () => this.#program());
    const log = api.store.log("EndpointSlice");
    const cursor = log.openCursor();
    const deliver: Handler<undefined> = handler("kube-proxy/watch", () => {
      for (let entry = log.peek(cursor); entry !== undefined; entry = log.peek(cursor)) {
        if (entry.atUs > loop.nowUs - watchUs) return;
        cursor.next += 1;
        this.#seen(entry.before, entry.after);
      }
    });
    log.onAppend(() => loop.schedule(loop.nowUs + watchUs, phase.deliver, deliver, undefined));
    world.onChange((change) => {
      if (change.what === "links") this.#onLinks();
    });
  }

  #seen(before: EndpointSlice | undefined, after: EndpointSlice | undefined): void {
    const slice = (after ?? before)!;
    const { namespace, name, labels } = slice.metadata;
    const service = objectKey(namespace, labels?.["kubernetes.io/service-name"] ?? "");
    let slices = this.#slices.get(service);
    if (slices === undefined) {
      slices = new Map();
      this.#slices.set(service, slices);
    }
    if (after === undefined) slices.delete(objectKey(namespace, name));
    else slices.set(objectKey(namespace, name), after);
    this.#dirty.add(service);
    if (this.#syncPending) return;
    this.#syncPending = true;
    const atUs = Math.max(this.#loop.nowUs, this.#lastSyncUs + minSyncUs) + programUs;
    this.#loop.schedule(atUs, phase.world, this.#sync, undefined);
  }

  #program(): void {
    this.#syncPending = false;
    this.#lastSyncUs = this.#loop.nowUs;
    for (const service of this.#dirty) {
      this.#world.routes.program(sharedDomain, service, usable(this.#slices.get(service)?.values() ?? []));
    }
    this.#dirty.clear();
  }

  #onLinks(): void {
    for (const { index, releasedAtUs } of this.#world.machines) {
      if (releasedAtUs !== undefined) continue;
      const hears = this.#world.links.reachable(index, controlPlane);
      if (!hears && !this.#detached.has(index)) {
        this.#detached.add(index);
        this.#world.routes.detach(index);
      } else if (hears && this.#detached.delete(index)) {
        this.#world.routes.rejoin(index);
      }
    }
  }
}

/** Ready endpoints; where there is none at all, those that still serve while they terminate. */
function usable(slices: Iterable<EndpointSlice>): Endpoint[] {
  const ready: Endpoint[] = [];
  const terminating: Endpoint[] = [];
  for (const { endpoints = [] } of slices) {
    for (const { conditions, targetRef, zone } of endpoints) {
      if (targetRef?.uid === undefined) continue;
      const endpoint = { podUid: targetRef.uid as Uid, zone };
      if (conditions?.ready === true) ready.push(endpoint);
      else if (conditions?.serving === true && conditions.terminating === true) terminating.push(endpoint);
    }
  }
  return ready.length > 0 ? ready : terminating;
}
