import { type Endpoint, type EndpointSlice, sameContent } from "../../model/index.ts";
import type { EndpointGroup } from "./desired-endpoints.ts";

/** `--max-endpoints-per-slice`. */
const maxEndpointsPerSlice = 100;

export interface SliceChanges {
  readonly create: readonly EndpointGroup[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/**
 * Changes slices in place first; what is new fills slices that change anyway, then the fullest with room, then new ones.
 * Nothing is moved for the sake of balance.
 */
export function packSlices(found: ReadonlyMap<string, EndpointGroup>, slices: readonly EndpointSlice[]): SliceChanges {
  const groups = found.size > 0 ? found : nothing;
  const create: EndpointGroup[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = JSON.stringify(slice.ports ?? []);
    if (!groups.has(key)) remove.push(slice);
    else byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  for (const [key, group] of groups) packGroup(group, byPorts.get(key) ?? [], { create, update, remove });
  // One to make and one to throw away are one to change.
  while (create.length > 0 && remove.length > 0) {
    const { ports, endpoints } = create.pop()!;
    update.push({ ...remove.shift()!, ports, endpoints: [...endpoints] } as EndpointSlice);
  }
  return { create, update, remove };
}

/** A Service without endpoints has one slice without ports. */
const nothing: ReadonlyMap<string, EndpointGroup> = new Map([["[]", { ports: [], endpoints: [] }]]);

function packGroup(
  group: EndpointGroup,
  slices: readonly EndpointSlice[],
  changes: { create: EndpointGroup[]; update: EndpointSlice[]; remove: EndpointSlice[] },
): void {
  const wanted = new Wanted(group.endpoints);
  const kept = slices.map((slice) => keptIn(slice, wanted));
  const fresh = wanted.rest();
  const order = kept
    .filter(({ endpoints }) => endpoints.length > 0 && endpoints.length < maxEndpointsPerSlice)
    .sort((a, b) => Number(b.changed) - Number(a.changed) || b.endpoints.length - a.endpoints.length);
  // An emptied slice is filled again rather than thrown away when something new needs a place.
  const places = [...order, ...kept.filter(({ endpoints }) => endpoints.length === 0)];
  for (const place of places) {
    if (fresh.length === 0) break;
    place.endpoints.push(...fresh.splice(0, maxEndpointsPerSlice - place.endpoints.length));
    place.changed = true;
  }
  while (fresh.length > 0)
    changes.create.push({ ports: group.ports, endpoints: fresh.splice(0, maxEndpointsPerSlice) });
  if (group.endpoints.length === 0) {
    const [first, ...others] = slices;
    if (first === undefined) changes.create.push(group);
    changes.remove.push(...others);
    return;
  }
  for (const { slice, endpoints, changed } of kept) {
    if (endpoints.length === 0) changes.remove.push(slice);
    else if (changed) changes.update.push({ ...slice, endpoints });
  }
}

/** Takes out of `wanted` what the slice has already, in its newest form. */
function keptIn(
  slice: EndpointSlice,
  wanted: Wanted,
): { readonly slice: EndpointSlice; readonly endpoints: Endpoint[]; changed: boolean } {
  const endpoints: Endpoint[] = [];
  let changed = false;
  for (const endpoint of slice.endpoints ?? []) {
    const now = wanted.take(endpoint);
    if (now !== endpoint && (now === undefined || !sameContent(now, endpoint))) changed = true;
    if (now !== undefined) endpoints.push(now);
  }
  return { slice, endpoints, changed };
}

/** So many endpoints are looked for one by one; if more are others than before, by a table of texts. */
const searches = 4;

/** Endpoints that slices should hold. Most are the very objects that they hold, mostly in the same order. */
class Wanted {
  readonly #endpoints: readonly Endpoint[];
  readonly #taken: Uint8Array;
  #next = 0;
  #searched = 0;
  #places: Map<Endpoint, number> | undefined;
  #byAddress: Map<string, number> | undefined;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
    this.#taken = new Uint8Array(endpoints.length);
  }

  /** The newest form of an endpoint that a slice holds, which then is wanted no more. */
  take(held: Endpoint): Endpoint | undefined {
    let at = this.#placeOf(held);
    if (at < 0 || this.#taken[at] === 1) at = this.#sameAddress(held);
    if (at < 0) return undefined;
    this.#taken[at] = 1;
    this.#next = at + 1;
    return this.#endpoints[at];
  }

  rest(): Endpoint[] {
    return this.#endpoints.filter((_, at) => this.#taken[at] === 0);
  }

  /** Where the very object is, or −1. */
  #placeOf(held: Endpoint): number {
    if (this.#endpoints[this.#next] === held) return this.#next;
    if (this.#endpoints.length <= maxEndpointsPerSlice) return this.#endpoints.indexOf(held);
    this.#places ??= new Map(this.#endpoints.map((endpoint, at) => [endpoint, at]));
    return this.#places.get(held) ?? -1;
  }

  /** Where one of the same address and pod is that nobody has taken, or −1. */
  #sameAddress(held: Endpoint): number {
    this.#searched += 1;
    if (this.#searched > searches) {
      this.#byAddress ??= new Map(this.#endpoints.map((endpoint, at) => [addressOf(endpoint), at]));
      const at = this.#byAddress.get(addressOf(held)) ?? -1;
      return at >= 0 && this.#taken[at] === 0 ? at : -1;
    }
    const [address] = held.addresses;
    const uid = held.targetRef?.uid;
    return this.#endpoints.findIndex(
      (endpoint, at) => this.#taken[at] === 0 && endpoint.addresses[0] === address && endpoint.targetRef?.uid === uid,
    );
  }
}

function addressOf({ addresses, targetRef }: Endpoint): string {
  return `${addresses[0]} ${targetRef?.uid ?? ""}`;
}
