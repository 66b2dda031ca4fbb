import type { ObjectKey, Uid } from "../model/index.ts";
import {
  fateAt,
  outside,
  type Place,
  type RouteDomain,
  type RunningPod,
  sharedDomain,
  type World,
} from "../world/index.ts";
import type { Link, LinkPart, View } from "./link.ts";
import type { PodLoad } from "./pod-load.ts";
import type { Member, Service } from "./service.ts";
import { StationClass } from "./station-class.ts";

/** What `findMembers` needs to know of pods. */
export interface Pods {
  /** A pod by its uid, also one that is gone, as long as somebody believes in it. */
  find(uid: Uid): RunningPod | undefined;
  load(pod: RunningPod): PodLoad;
  /** A pod is behind a service from now on. */
  joined(member: Member): void;
  /** A pod is no longer behind a service. */
  left(member: Member): void;
}

/**
 * Finds out again who answers for a service: route tables of all places it is asked from, the pods behind their
 * endpoints, and whether those can be reached. Requests in progress in pods that stopped answering are lost or finished
 * here. Settle the service first.
 */
export function findMembers(service: Service, world: World, pods: Pods, nowUs: number): void {
  service.stale = false;
  if (service.external !== undefined) {
    lookAtExternal(service);
    return;
  }
  const scene = new Scene(service, world, pods);
  for (const link of service.links) link.look(partsOf(link, world, scene));
  service.views = scene.views;
  for (const member of service.members.values()) {
    const seenBy = scene.seenBy.get(member.pod) ?? "";
    const answers = member.pod.answers && (seenBy !== "" || (member.line?.total ?? 0) > 0);
    if (member.station !== undefined && !answers) losePod(service, member, scene, nowUs);
    if (answers && member.station === undefined) member.station = newcomer;
    member.seenBy = seenBy;
    if (!answers && !scene.believed.has(member.pod)) {
      service.members.delete(member.pod);
      pods.left(member);
    }
  }
  service.regroup = true;
}

/** Stands in until the pod is put into a class. */
const newcomer: StationClass = Object.freeze(
  new StationClass({ cpuUs: 0, waitUs: 0, waitVariance: 0, slots: 1, calls: [] }, 0, ""),
);

/** The views of one service while they are being found. */
class Scene {
  readonly views: View[] = [];
  /** Marks of the views that reach a pod which answers. */
  readonly seenBy = new Map<RunningPod, string>();
  readonly believed = new Set<RunningPod>();
  readonly #byKey = new Map<string, View>();
  readonly #service: Service;
  readonly #world: World;
  readonly #pods: Pods;

  constructor(service: Service, world: World, pods: Pods) {
    this.#service = service;
    this.#world = world;
    this.#pods = pods;
  }

  /** Places that believe the same and reach the same share a view. */
  from(domain: RouteDomain, place: Place): View {
    const { links, routes } = this.#world;
    const endpoints = routes.believed(this.#service.name as ObjectKey, domain) ?? [];
    let key = `${domain}`;
    if (links.anyCut) {
      key += ":";
      for (const { podUid } of endpoints) {
        const pod = this.#pods.find(podUid);
        key += pod === undefined || links.reachable(place, pod.machine.index) ? "1" : "0";
      }
    }
    let view = this.#byKey.get(key);
    if (view === undefined) {
      view = this.#look(endpoints, place);
      this.#byKey.set(key, view);
      this.views.push(view);
    }
    return view;
  }

  #look(endpoints: readonly { readonly podUid: Uid }[], place: Place): View {
    const mark = String.fromCharCode(0x30 + this.views.length);
    let refused = 0;
    let silent = 0;
    for (const { podUid } of endpoints) {
      const pod = this.#pods.find(podUid);
      if (pod === undefined) {
        refused += 1; // Its address belongs to nobody.
        continue;
      }
      this.believed.add(pod);
      this.#join(pod);
      const reachable = this.#world.links.reachable(place, pod.machine.index);
      const fate = reachable ? fateAt(pod, pod.machine.alive) : "silence";
      if (fate === "silence") silent += 1;
      else if (fate === "refused" || pod.behavior.perRequest === undefined) refused += 1;
      else this.seenBy.set(pod, (this.seenBy.get(pod) ?? "") + mark);
    }
    const count = endpoints.length;
    return {
      mark,
      endpoints: count,
      refusedShare: count === 0 ? 1 : refused / count,
      silentShare: count === 0 ? 0 : silent / count,
      perSecond: 0,
    };
  }

  #join(pod: RunningPod): void {
    if (this.#service.members.has(pod)) return;
    const load = this.#pods.load(pod);
    const member: Member = {
      service: this.#service,
      load,
      pod,
      seenBy: "",
      station: undefined,
      line: undefined,
    };
    this.#service.members.set(pod, member);
    this.#pods.joined(member);
  }
}

/** Users come from outside, by the table that all machines share; a service's calls come from its pods' machines. */
function partsOf({ source }: Link, world: World, scene: Scene): LinkPart[] {
  if (source === undefined) return [{ view: scene.from(sharedDomain, outside), share: 1 }];
  const counts = new Map<View, number>();
  let total = 0;
  for (const { pod, station } of source.members.values()) {
    if (station === undefined) continue;
    const view = scene.from(world.routes.domainOf(pod.machine.index), pod.machine.index);
    counts.set(view, (counts.get(view) ?? 0) + 1);
    total += 1;
  }
  if (total === 0) return [{ view: scene.from(sharedDomain, outside), share: 1 }];
  const parts: LinkPart[] = [];
  for (const [view, count] of counts) parts.push({ view, share: count / total });
  return parts;
}

/** A pod answers no more. What it had in progress is cut off, or never answered, or (on its way to a stop) finished. */
function losePod(service: Service, member: Member, scene: Scene, nowUs: number): void {
  const { pod, station } = member;
  const inLine = member.line?.total ?? 0;
  const inProgress = station!.inFlightWell;
  member.station = undefined;
  member.line = undefined;
  let cut = 0;
  let silent = 0;
  if (!pod.machine.alive || (pod.answers && scene.believed.has(pod))) silent = inProgress + inLine;
  else if (pod.gone || !pod.main.running) cut = inProgress + inLine;
  else cut = inLine; // It stops: no new requests, those in line are turned away.
  if (cut + silent <= 0) return;
  for (const link of service.links) {
    const share = service.perSecond > 0 ? link.perSecond / service.perSecond : 1 / service.links.length;
    link.loseInFlight(nowUs, cut * share, silent * share);
  }
}

/** Externals are always there. */
function lookAtExternal(service: Service): void {
  const view: View = { mark: "0", endpoints: 1, refusedShare: 0, silentShare: 0, perSecond: 0 };
  service.views = [view];
  for (const link of service.links) link.look([{ view, share: 1 }]);
}
