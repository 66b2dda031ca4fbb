import { RecentMap } from "./recent-map.ts";

/** One event as a component reports it; instants in milliseconds. */
export interface ReportedEvent {
  readonly component: string;
  /** Identity of the object it is about: namespace, kind, name, uid. */
  readonly object: string;
  /** The part of the object it is about, `spec.containers{c}`: events of two parts are not equal, but share one bucket. */
  readonly part?: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

/** What goes to the API server: a new Event object, or a patch of one that was written before. */
export interface CorrelatedEvent {
  readonly write: "create" | "patch";
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Aggregate {
  /** Different ones, oldest first. */
  readonly messages: string[];
  lastMs: number;
}

/** Tokens are kept as the time that earned them, an integer. */
interface Bucket {
  readonly savedMs: number;
  readonly filledMs: number;
}

interface Logged {
  readonly count: number;
  readonly firstMs: number;
}

/** client-go's defaults. */
const aggregateFrom = 10;
const aggregateWithinMs = 600_000;
const burst = 25;
const refillMs = 300_000;
const cacheSize = 4096;

/**
 * client-go's `EventCorrelator`: similar events become one, equal ones are counted, and what one object says too often is dropped
 * before it reaches the server. One per component; lost with its process.
 */
export class EventCorrelator {
  readonly #aggregates = new RecentMap<Aggregate>(cacheSize);
  readonly #logged = new RecentMap<Logged>(cacheSize);
  readonly #buckets = new RecentMap<Bucket>(cacheSize);

  /** What to write, or `undefined` when the spam filter drops the event. It is counted all the same. */
  correlate(event: ReportedEvent): CorrelatedEvent | undefined {
    const { key, message } = this.#aggregate(event);
    const seen = this.#logged.get(key);
    const firstMs = seen?.firstMs ?? event.atMs;
    const count = (seen?.count ?? 0) + 1;
    this.#logged.set(key, { count, firstMs });
    if (!this.#allowed(event)) return undefined;
    return { write: seen === undefined ? "create" : "patch", message, count, firstMs, lastMs: event.atMs };
  }

  /** Events equal but for their message: from the tenth different message within ten minutes on they are one event. */
  #aggregate(event: ReportedEvent): { readonly key: string; readonly message: string } {
    const { component, object, part = "", type, reason, message, atMs } = event;
    const group = `${component}\n${object}\n${part}\n${type}\n${reason}`;
    let aggregate = this.#aggregates.get(group);
    if (aggregate === undefined || atMs - aggregate.lastMs > aggregateWithinMs) {
      aggregate = { messages: [message], lastMs: atMs };
    } else if (!aggregate.messages.includes(message)) aggregate.messages.push(message);
    aggregate.lastMs = atMs;
    this.#aggregates.set(group, aggregate);
    if (aggregate.messages.length < aggregateFrom) return { key: `${group}\n${message}`, message };
    aggregate.messages.shift(); // There stay just enough to go on aggregating.
    return { key: group, message: `(combined from similar events): ${message}` };
  }

  /** A token bucket per source, object and type: warnings leave the normal events theirs. */
  #allowed({ component, object, type, atMs }: ReportedEvent): boolean {
    const key = `${component}\n${object}\n${type}`;
    const bucket = this.#buckets.get(key) ?? { savedMs: burst * refillMs, filledMs: atMs };
    const savedMs = Math.min(burst * refillMs, bucket.savedMs + atMs - bucket.filledMs);
    const allowed = savedMs >= refillMs;
    this.#buckets.set(key, { savedMs: allowed ? savedMs - refillMs : savedMs, filledMs: atMs });
    return allowed;
  }
}
