import { lastTickAt, type Ticker } from "../sim/index.ts";

interface Renewals {
  readonly ticker: Ticker;
  readonly fromUs: number;
  untilUs: number;
  /** The last renewal before `fromUs`, from an earlier stretch. */
  readonly earlierUs: number | undefined;
}

/**
 * Node leases without a write per heartbeat: a kubelet that renews keeps a beat, and the renewals are computed from it
 * when somebody asks. Who watches is told when a beat starts or ends, which is all that a heartbeat can tell.
 */
export class LeaseTable {
  readonly #renewals = new Map<string, Renewals>();
  readonly #listeners: ((node: string) => void)[] = [];

  /** `listener` is called when a node's renewals begin or end. */
  onChange(listener: (node: string) => void): void {
    this.#listeners.push(listener);
  }

  /** From `fromUs` on the node renews at every tick. */
  begin(node: string, ticker: Ticker, fromUs: number): void {
    const earlierUs = this.lastRenewalUs(node, fromUs);
    this.#renewals.set(node, { ticker, fromUs, untilUs: Number.POSITIVE_INFINITY, earlierUs });
    this.#tell(node);
  }

  /** Ticks after `untilUs` no longer reach the API server. */
  end(node: string, untilUs: number): void {
    const renewals = this.#renewals.get(node);
    if (renewals === undefined || renewals.untilUs !== Number.POSITIVE_INFINITY) return;
    renewals.untilUs = untilUs;
    this.#tell(node);
  }

  forget(node: string): void {
    if (this.#renewals.delete(node)) this.#tell(node);
  }

  /** Whether the node's renewals go on for all we know. */
  beating(node: string): boolean {
    return this.#renewals.get(node)?.untilUs === Number.POSITIVE_INFINITY;
  }

  /** The instant of the last renewal at or before `atUs`. */
  lastRenewalUs(node: string, atUs: number): number | undefined {
    const renewals = this.#renewals.get(node);
    if (renewals === undefined) return undefined;
    const last = lastTickAt(renewals.ticker, Math.min(atUs, renewals.untilUs));
    return last !== undefined && last >= renewals.fromUs ? last : renewals.earlierUs;
  }

  #tell(node: string): void {
    for (const listener of this.#listeners) listener(node);
  }
}
