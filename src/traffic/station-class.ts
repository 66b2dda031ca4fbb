import type { LatencyShape } from "./latency-shapes.ts";
import type { Link } from "./link.ts";
import type { Member } from "./service.ts";
import type { LineTerms, WaitingLine } from "./waiting-line.ts";

/** What one request costs whoever answers it: of a pod's `behavior`, or of an external. */
export interface Work {
  readonly cpuUs: number;
  readonly waitUs: number;
  readonly waitVariance: number;
  readonly slots: number;
  readonly calls: readonly { readonly link: Link; readonly perRequest: number }[];
}

/** Pods of a service that are alike in all that matters here: they are computed once, and counted. */
export class StationClass {
  readonly work: Work;
  /** CPU within reach of each pod's requests, millicores. */
  readonly reachMillicores: number;
  /** Which views send to these pods. */
  readonly seenBy: string;
  readonly members: Member[] = [];
  /** Pods; an external counts as one. */
  count = 0;
  line: WaitingLine | undefined;
  /** Requests per second that reach each pod. */
  perSecond = 0;
  /** Requests per second that each pod takes up: less while a line grows, more while it shrinks. */
  takenPerSecond = 0;
  capacityPerSecond = 0;
  saturated = false;
  /** From arrival to a good answer. */
  meanUs = 0;
  variance = 0;
  shape: LatencyShape | undefined;
  /** Part of `meanUs`: for a slot or the CPU. */
  waitUs = 0;
  /** While there is a line: the spread of latencies within a step, and what the line needs to know. */
  slotVariance = 0;
  terms: LineTerms | undefined;
  /** Of requests that reach a pod and whose calls succeed: no answer within the callers' patience. */
  timedOutShare = 0;
  /** Of requests that reach a pod: a call failed, after so long. */
  callsShare = 0;
  callsAfterUs = 0;
  /** In progress in each pod, its line left out. */
  inFlight = 0;
  /** The same without requests whose call will fail late: those are counted one by one elsewhere. */
  inFlightWell = 0;
  workMillicores = 0;
  slowShare = 0;

  constructor(work: Work, reachMillicores: number, seenBy: string) {
    this.work = work;
    this.reachMillicores = reachMillicores;
    this.seenBy = seenBy;
  }

  get lineLength(): number {
    return this.line === undefined ? 0 : this.line.total;
  }
}
