import { exp, log } from "../sim/index.ts";

/** A resource that everything taken up has to pass, and that callers who leave stop using. */
export interface Bottleneck {
  /** Requests per second it can finish. */
  readonly capacityPerSecond: number;
  /** How long one request holds its part of it, on average and exponentially. */
  readonly holdUs: number;
}

const points = 64;

/**
 * A line whose wait has grown up to the callers' patience. From there on whoever is taken up has little time left, and
 * work on requests whose caller leaves in the middle is lost, so less comes out than could. `yields` says how much: the
 * time left over, y, moves up and down as requests take their part of the bottleneck; its density is
 * exp(−(λ − capacity)·y + λ·hold·(1 − e^(−y/hold))), from level crossings as for M/M/1 with impatient customers.
 */
export class PatienceLimit {
  /** Share of arriving requests that are answered in time. */
  servedShare = 1;
  /** Time the answered ones had left when they were taken up. */
  slackUs = 0;

  /** `success`: the share of requests that are answered within a given time after they are taken up. */
  compute(
    perSecond: number,
    { capacityPerSecond, holdUs }: Bottleneck,
    patienceUs: number,
    success: (us: number) => number,
  ): void {
    const excess = ((perSecond - capacityPerSecond) * holdUs) / 1e6;
    const load = (perSecond * holdUs) / 1e6;
    const widest = patienceUs / holdUs;
    const likeliest = excess > 0 ? Math.min(widest, -log(excess / load)) : widest;
    if (load > 50) {
      // So many at once that chance evens out.
      this.slackUs = likeliest * holdUs;
      this.servedShare = success(this.slackUs);
      return;
    }
    const most = -excess * likeliest + load * (1 - exp(-likeliest));
    const end = excess > 0 ? Math.min(widest, (20 + load) / excess) : widest;
    let weights = 0;
    let served = 0;
    let slack = 0;
    for (let point = 0; point < points; point += 1) {
      const left = ((point + 0.5) * end) / points;
      const weight = exp(-excess * left + load * (1 - exp(-left)) - most);
      const good = weight * success(left * holdUs);
      weights += weight;
      served += good;
      slack += good * left;
    }
    this.servedShare = served / weights;
    this.slackUs = served > 0 ? (slack / served) * holdUs : 0;
  }
}

/** How much time is left over where demand and capacity balance: the smaller, the tighter the bottleneck. */
export function balancedSlackUs(perSecond: number, { capacityPerSecond, holdUs }: Bottleneck): number {
  if (perSecond <= capacityPerSecond) return Number.POSITIVE_INFINITY;
  return -holdUs * log(1 - capacityPerSecond / perSecond);
}
