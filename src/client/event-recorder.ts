import type { NewEvent } from "../apiserver/index.ts";
import { type KubeObject, keyOf } from "../model/index.ts";
import { type Handler, handler, phase } from "../sim/index.ts";
import type { Effect } from "./effect.ts";
import { Fifo } from "./fifo.ts";
import type { Process } from "./process.ts";

/** Rows of recent events by what makes two of them the same, as client-go's correlator keeps them (4,096 at most). */
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
  readonly #queue = new Fifo<NewEvent>();
  readonly #rows = new Map<string, { readonly row: number; count: number }>();
  readonly #write: Handler<NewEvent>;
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
    this.#queue.push({ ...subjectOf(about), type, reason, message, source: client });
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

  #onWrite(event: NewEvent): void {
    const { api, loop } = this.#process.surroundings;
    const same = `${event.kind}/${event.key}/${event.uid}/${event.type}/${event.reason}/${event.message}`;
    const known = this.#rows.get(same);
    if (!this.#process.connected) {
      this.#sendNext();
      return;
    }
    if (known === undefined) {
      if (this.#rows.size >= rememberedEvents) this.#rows.delete(this.#rows.keys().next().value!);
      this.#rows.set(same, { row: api.events.create(event, loop.nowUs), count: 1 });
    } else {
      known.count += 1;
      api.events.repeat(known.row, event, known.count, loop.nowUs);
    }
    this.#sendNext();
  }
}

function subjectOf(about: KubeObject): Pick<NewEvent, "kind" | "key" | "uid"> {
  return { kind: about.kind, key: keyOf(about), uid: about.metadata.uid };
}
