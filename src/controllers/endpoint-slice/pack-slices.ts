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

/** Endpoints that slices should hold. Most are the very objects that they hold, so texts are made only of the others. */
class Wanted {
  readonly #endpoints: Set<Endpoint>;
  #byAddress: Map<string, Endpoint> | undefined;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = new Set(endpoints);
  }

  /** The newest form of an endpoint that a slice holds, which then is wanted no more. */
  take(held: Endpoint): Endpoint | undefined {
    if (this.#endpoints.delete(held)) return held;
    this.#byAddress ??= new Map([...this.#endpoints].map((endpoint) => [addressOf(endpoint), endpoint]));
    const now = this.#byAddress.get(addressOf(held));
    return now !== undefined && this.#endpoints.delete(now) ? now : undefined;
  }

  rest(): Endpoint[] {
    return [...this.#endpoints];
  }
}

function addressOf({ addresses, targetRef }: Endpoint): string {
  return `${addresses[0]} ${targetRef?.uid ?? ""}`;
}
