import { objectKey } from "../model/index.ts";
import { type Handler, handler, phase, type RandomStream, type Sequence } from "../sim/index.ts";
import type { Process } from "./process.ts";

/** `--leader-elect-lease-duration`, `--leader-elect-renew-deadline` and `--leader-elect-retry-period`. */
const leaseUs = 15_000_000;
const renewDeadlineUs = 10_000_000;
const retryUs = 2_000_000;
/** Who wants to lead tries again after the retry period times 1 to 2.2 (JitterFactor of client-go). */
const retryJitter = 1.2;
/** From the exit of a leader that could not renew to its container's next start. Assumption. */
const restartUs = 2_000_000;

/** A part of the control plane as faults see it: one process, or several of which one leads. */
export interface Component {
  readonly name: string;
  /** Cut off from the API server, the rest of the world being well. */
  cutOff: boolean;
  start(): void;
  crash(): void;
}

/**
 * Several replicas of one component, of which one leads (client-go's leaderelection). The process given is that of whoever
 * leads: the others wait with empty hands, so they need none. Renewals are a beat from which the last one is computed when
 * the leader is lost, and so are the tries of the others: while nothing happens there is no event.
 */
export class LeaderElection implements Component {
  readonly name: string;
  readonly #process: Process;
  readonly #random: RandomStream;
  readonly #takeOver: Handler<number>;
  readonly #stepDown: Handler<number>;
  /** Replicas that are up and do not lead, and when each next finds the lease expired for all it knows. */
  readonly #waiting = new Map<number, number>();
  /** Replicas that are dead or cut off. */
  readonly #away: number[] = [];
  #leader: number | undefined;
  #cut = false;
  #acquiredUs = 0;
  /** The last renewal of the last leader; absent before there was one. */
  #renewedUs: number | undefined;
  #transitions = 0;
  #candidacy: Sequence | undefined;
  #deadline: Sequence | undefined;

  constructor(process: Process, replicas: number, random: RandomStream) {
    this.name = process.name;
    this.#process = process;
    this.#random = random;
    for (let replica = 0; replica < replicas; replica += 1) this.#away.push(replica);
    this.#takeOver = handler(`${this.name}/leader-election`, (replica) => this.#lead(replica));
    this.#stepDown = handler(`${this.name}/renew-deadline`, (replica) => this.#resign(replica));
    process.surroundings.api.onAvailability(() => this.#onReach());
  }

  /** At first all replicas, the first of which finds no lease; later the one that has been away longest. */
  start(): void {
    const back = this.#renewedUs === undefined && this.#leader === undefined ? this.#away.length : 1;
    for (const replica of this.#away.splice(0, back)) this.#wait(replica, this.#nowUs);
    this.#campaign();
  }

  /** Strikes the leader, or one who waits if nobody leads. */
  crash(): void {
    const struck = this.#leader ?? this.#waiting.keys().next().value;
    if (struck === undefined) return;
    this.#waiting.delete(struck);
    this.#away.push(struck);
    if (struck === this.#leader) this.#vacate(this.#nowUs);
    else this.#campaign();
  }

  get cutOff(): boolean {
    return this.#cut;
  }

  /** Cuts the leader off; once it has stepped down, the end of it brings one more replica. */
  set cutOff(cut: boolean) {
    if (cut === this.#cut) return;
    this.#cut = cut;
    if (!cut && !this.#process.cutOff) {
      this.start();
      return;
    }
    this.#process.cutOff = cut && this.#leader !== undefined;
    this.#onReach();
  }

  get #nowUs(): number {
    return this.#process.nowUs;
  }

  /** Beats since the lease was acquired, at or before an instant. */
  #beats(atUs: number): number {
    return Math.floor((atUs - this.#acquiredUs) / retryUs);
  }

  #lead(replica: number): void {
    this.#candidacy = undefined;
    this.#waiting.delete(replica);
    this.#leader = replica;
    this.#acquiredUs = this.#nowUs;
    this.#writeLease(`${this.name}-${replica}`);
    this.#process.start();
  }

  /** The API server came or went, or the leader's way to it: a leader that cannot renew for ten seconds exits. */
  #onReach(): void {
    const { loop, api } = this.#process.surroundings;
    if (this.#leader === undefined) {
      this.#campaign();
    } else if (api.up && !this.#process.cutOff) {
      if (this.#deadline !== undefined) loop.cancel(this.#deadline);
      this.#deadline = undefined;
    } else {
      const triedUs = this.#acquiredUs + (this.#beats(this.#nowUs) + 1) * retryUs;
      this.#deadline ??= loop.schedule(triedUs + renewDeadlineUs, phase.decide, this.#stepDown, this.#leader);
    }
  }

  #resign(replica: number): void {
    this.#deadline = undefined;
    const lastUs = this.#nowUs - renewDeadlineUs - retryUs;
    const cut = this.#process.cutOff;
    this.#vacate(lastUs);
    if (cut) this.#away.push(replica);
    else this.#wait(replica, this.#nowUs + restartUs);
    this.#campaign();
  }

  /** Nobody leads; the last renewal was the beat at or before `lastUs`. */
  #vacate(lastUs: number): void {
    const { loop } = this.#process.surroundings;
    if (this.#deadline !== undefined) loop.cancel(this.#deadline);
    this.#deadline = undefined;
    this.#renewedUs = this.#acquiredUs + Math.max(0, this.#beats(lastUs)) * retryUs;
    this.#leader = undefined;
    this.#process.cutOff = false;
    this.#process.crash();
    for (const waiting of this.#waiting.keys()) this.#wait(waiting, 0);
    this.#campaign();
  }

  /** A replica takes over 15 s after it saw the last renewal, at its first try from then. */
  #wait(replica: number, sinceUs: number): void {
    let atUs = sinceUs;
    if (this.#renewedUs !== undefined) {
      const seenUs = Math.max(sinceUs, this.#renewedUs + Math.floor(this.#random() * this.#pauseUs()));
      for (atUs = seenUs; atUs <= seenUs + leaseUs; ) atUs += this.#pauseUs();
    }
    this.#waiting.set(replica, atUs);
  }

  #pauseUs(): number {
    return Math.floor(retryUs * (1 + retryJitter * this.#random()));
  }

  #campaign(): void {
    const { loop, api } = this.#process.surroundings;
    if (this.#candidacy !== undefined) loop.cancel(this.#candidacy);
    this.#candidacy = undefined;
    if (this.#leader !== undefined || !api.up) return;
    let first: { readonly replica: number; readonly atUs: number } | undefined;
    for (const [replica, wantedUs] of this.#waiting) {
      let atUs = wantedUs;
      while (atUs < loop.nowUs) atUs += this.#pauseUs();
      this.#waiting.set(replica, atUs);
      if (first === undefined || atUs < first.atUs) first = { replica, atUs };
    }
    if (first === undefined) return;
    if (first.atUs === loop.nowUs) this.#lead(first.replica);
    else this.#candidacy = loop.schedule(first.atUs, phase.decide, this.#takeOver, first.replica);
  }

  /** The Lease says who acquired it and when; its renewals are the beat's. */
  #writeLease(holderIdentity: string): void {
    const { api, clock } = this.#process.surroundings;
    const acquireTime = clock.time(this.#nowUs).replace("Z", ".000000Z");
    const leaseTransitions = this.#transitions;
    this.#transitions += 1;
    const spec = { holderIdentity, leaseDurationSeconds: 15, acquireTime, renewTime: acquireTime, leaseTransitions };
    const metadata = { name: this.name, namespace: "kube-system" };
    const key = objectKey(metadata.namespace, metadata.name);
    if (leaseTransitions === 0) {
      api.handle({ verb: "create", object: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec } });
    } else {
      const change = (stored: object) => ({ ...stored, spec });
      api.handle({ verb: "patch", kind: "Lease", key, part: "main", change: change as never });
    }
    const lease = api.store.get("Lease", key);
    if (lease === undefined) return;
    const { uid } = lease.metadata;
    const message = `${holderIdentity} became leader`;
    const event = { kind: "Lease", key, uid, type: "Normal", reason: "LeaderElection", message } as const;
    api.events.create({ ...event, source: this.name }, this.#nowUs);
  }
}
