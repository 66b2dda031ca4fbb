import { assert } from "./assert.ts";
import { Digest, hashText } from "./digest.ts";
import { EventQueue, type Handler, type Sequence } from "./event-queue.ts";

/** Events of one instant fire phase by phase; within a phase in the order of scheduling. */
export const phase = { world: 0, traffic: 1, api: 2, deliver: 3, decide: 4, observe: 5 } as const;
export type Phase = (typeof phase)[keyof typeof phase];

/** A kind of event: made once, fired often. */
export function handler<A>(label: string, fire: (argument: A) => void): Handler<A> {
  return { label, labelHash: hashText(label), fire };
}

/** Virtual time. An instant is a whole number of microseconds since the start of the run. */
export class EventLoop {
  readonly #queue = new EventQueue();
  readonly digest = new Digest();
  #nowUs = 0;
  #cause = 0 as Sequence;
  #fired = 0;
  #onFire: ((label: string, atUs: number, sequence: Sequence) => void) | undefined;

  get nowUs(): number {
    return this.#nowUs;
  }

  /** The event that is firing: who caused what is scheduled now. */
  get cause(): Sequence {
    return this.#cause;
  }

  get firedEvents(): number {
    return this.#fired;
  }

  get pendingEvents(): number {
    return this.#queue.size;
  }

  /** Called for every event just before it fires: profiles and event logs. */
  set onFire(listener: ((label: string, atUs: number, sequence: Sequence) => void) | undefined) {
    this.#onFire = listener;
  }

  /** Puts an event on the queue, at the present instant at the earliest. A past `atUs` or a fraction is our own mistake. */
  schedule<A>(atUs: number, phase: Phase, handler: Handler<A>, argument: A): Sequence {
    // The text is made only where it is said: this is asked at every event.
    if (!(atUs >= this.#nowUs && Number.isInteger(atUs)))
      assert(false, `${handler.label} scheduled at ${atUs}, now ${this.#nowUs}`);
    return this.#queue.push(atUs, phase, handler, argument);
  }

  cancel(event: Sequence): void {
    this.#queue.cancel(event);
  }

  /** The instant of the next event, or Infinity. */
  nextAtUs(): number {
    return this.#queue.nextAtUs();
  }

  /** Fires up to `maxEvents` events not later than `untilUs`, then says whether any such are left. */
  step(maxEvents: number, untilUs: number): "more" | "done" {
    const queue = this.#queue;
    for (let count = 0; count < maxEvents && queue.nextAtUs() <= untilUs; count += 1) {
      queue.pop();
      const handler = queue.handler!;
      const argument = queue.argument;
      this.#nowUs = queue.atUs;
      this.#cause = queue.sequence;
      this.#fired += 1;
      this.digest.mix(queue.atUs);
      this.digest.mix(handler.labelHash);
      if (this.#onFire !== undefined) this.#onFire(handler.label, queue.atUs, queue.sequence);
      handler.fire(argument);
    }
    if (queue.nextAtUs() <= untilUs) return "more";
    this.#nowUs = Math.max(this.#nowUs, untilUs);
    return "done";
  }
}
