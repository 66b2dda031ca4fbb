import type { NewEvent } from "../apiserver/index.ts";
import { EventCorrelator, keyOf } from "../model/index.ts";
import { type Handler, handler, phase } from "../sim/index.ts";
import type { Effect } from "./effect.ts";
import { Fifo } from "./fifo.ts";
import type { Process } from "./process.ts";

/** Events that were written and may be written again with a higher count (4,096 at most, as client-go's correlator). */
const rememberedEvents = 4_096;
/** The broadcaster's channel: what comes while it is full is dropped. */
const longestQueue = 1_000;

/**
 * client-go's recorder: one request at a time, spending the tokens of the client it belongs to; an event that repeats
 * counts up instead of being written anew.
 */
export class EventRecorder {
  readonly #process: Process;
  readonly #client: string;
  readonly #queue = new Fifo<Counted>();
  readonly #correlator = new EventCorrelator();
  readonly #rows = new Map<string, number>();
  /** Its keys, oldest first. */
  readonly #remembered = new Fifo<string>();
  readonly #write: Handler<Counted>;
  #busy = false;

  constructor(process: Process, client: string) {
    this.#process = process;
    this.#client = client;
    const { life } = process;
    this.#write = handler(`${process.name}/event`, (event) => {
      if (life === process.life) this.#onWrite(event);
    });
  }

  record({ about, type, reason, message, client }: Extract<Effect, { do: "event" }>): void {
    if (this.#queue.size >= longestQueue) return;
    const { kind } = about;
    const { uid } = about.metadata;
    const key = keyOf(about);
    const atMs = Math.floor(this.#process.nowUs / 1000);
    const object = `${kind}/${key}/${uid}`;
    const correlated = this.#correlator.correlate({ component: client, object, type, reason, message, atMs });
    if (correlated === undefined) return;
    const event = { kind, key, uid, type, reason, message: correlated.message, source: client };
    this.#queue.push({ event, count: correlated.count });
    if (!this.#busy) this.#sendNext();
  }

  #sendNext(): void {
    const event = this.#queue.shift();
    this.#busy = event !== undefined;
    if (event === undefined) return;
    const { loop } = this.#process.surroundings;
    const sentUs = this.#process.bucket(this.#client).reserve(loop.nowUs);
    loop.schedule(sentUs + this.#process.requestUs, phase.api, this.#write, event);
  }

  #onWrite({ event, count }: Counted): void {
    const { api, loop } = this.#process.surroundings;
    if (!this.#process.connected) {
      this.#sendNext();
      return;
    }
    // Those that are combined are one event, whatever each of them said.
    const text = event.message.startsWith(combined) ? combined : event.message;
    const same = `${event.kind}/${event.key}/${event.uid}/${event.type}/${event.reason}/${text}`;
    const row = count === 1 ? undefined : this.#rows.get(same);
    if (row === undefined) {
      if (this.#rows.size >= rememberedEvents) this.#rows.delete(this.#remembered.shift()!);
      if (!this.#rows.has(same)) this.#remembered.push(same);
      this.#rows.set(same, api.events.create(event, loop.nowUs));
    } else {
      this.#rows.set(same, api.events.repeat(row, event, count, loop.nowUs));
    }
    this.#sendNext();
  }
}

const combined = "(combined from similar events): ";

/** An event and how often it has been seen. */
interface Counted {
  readonly event: NewEvent;
  readonly count: number;
}
