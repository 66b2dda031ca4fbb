/** What one pod does with each request, and with what. */
export interface StationInput {
  /** Requests per second that reach this pod. */
  readonly perSecond: number;
  /** Work on one core per request. */
  readonly cpuUs: number;
  /** CPU within reach, in cores; below 1 every request runs slower, above 1 several run at once. */
  readonly cores: number;
  /** Mean time in a slot without CPU: own waiting and the answers of calls. */
  readonly awayUs: number;
  /** Requests in progress at once. */
  readonly slots: number;
  /** Squared coefficient of variation of the time in a slot. Default 1: exponential. */
  readonly variation?: number;
}

/** Above this share of its capacity a pod is no longer described by its steady state: what exceeds it forms a line. */
export const steadyUtilization = 0.98;

/**
 * One pod as a queue, in closed form. Requests arrive at random, wait for a slot, then alternate between the CPU (served
 * in turn by `cores`, exponential work) and being away. The requests in slots are a product-form network: their number
 * has the weights of a birth-death chain (CPU) convolved with Poisson (away), and from `slots` on the line outside
 * grows geometrically. So it is M/M/c exactly where there is only waiting (c = slots) or only CPU (c = cores), and with
 * both limits a flow-equivalent server. Where slots are what is short, the wait for one is corrected for times in slots
 * that are not exponential (Allen and Cunneen). One object is used again and again: nothing is allocated per evaluation.
 */
export class Station {
  /** Requests per second it can finish at most. */
  capacityPerSecond = 0;
  /** The same without the finer point that slots and CPU get in each other's way: the upper bound. */
  boundPerSecond = 0;
  /** Demand is at or above `steadyUtilization` of capacity: the figures below are those at that share. */
  saturated = false;
  /** Mean time a request waits, for a slot and for the CPU together. */
  waitUs = 0;
  /** The share of requests that waits at all; those wait `waitUs / waitShare` on average, exponentially. */
  waitShare = 0;
  /** CPU time on the clock: slower than `cpuUs` when less than one core is within reach. */
  serviceUs = 0;
  readonly #cpuWeights = new Float64Array(1025);
  readonly #away = new Float64Array(1025);
  #ratio = 0;
  #slotScale = 1;

  evaluate({ perSecond, cpuUs, cores, awayUs, slots, variation = 1 }: StationInput): void {
    const usable = Math.min(Math.max(cores, 0.001), slots, 1024);
    this.serviceUs = usable < 1 ? cpuUs / usable : cpuUs;
    const holdUs = this.serviceUs + awayUs;
    const slotBound = holdUs > 0 ? (slots * 1e6) / holdUs : Number.POSITIVE_INFINITY;
    const cpuBound = cpuUs > 0 ? (usable * 1e6) / cpuUs : Number.POSITIVE_INFINITY;
    this.boundPerSecond = Math.min(slotBound, cpuBound);
    this.saturated = false;
    this.waitUs = 0;
    this.waitShare = 0;
    this.#slotScale = 1 + ((variation - 1) / 2) * slotShortness(cpuBound, slotBound, cores, slots);
    this.capacityPerSecond = this.boundPerSecond;
    if (holdUs <= 0 || perSecond <= 0) return;
    if (perSecond < this.boundPerSecond * steadyUtilization) {
      this.#solve(perSecond, cpuUs, usable, awayUs, slots, holdUs);
      if (this.#ratio < steadyUtilization) {
        if (this.#ratio > 0) this.capacityPerSecond = Math.min(this.boundPerSecond, perSecond / this.#ratio);
        return;
      }
    }
    this.#solve(this.boundPerSecond, cpuUs, usable, awayUs, slots, holdUs);
    this.capacityPerSecond = Math.min(this.boundPerSecond, this.boundPerSecond / this.#ratio);
    this.saturated = perSecond >= this.capacityPerSecond * steadyUtilization;
    const shown = this.saturated ? this.capacityPerSecond * steadyUtilization * 0.999 : perSecond;
    this.#solve(shown, cpuUs, usable, awayUs, slots, holdUs);
  }

  /** Weights of 0, 1, 2 … requests in slots; sets the wait, and the ratio of demand to throughput with all slots taken. */
  #solve(perSecond: number, cpuUs: number, cores: number, awayUs: number, slots: number, holdUs: number): void {
    const cpuLoad = (perSecond * cpuUs) / 1e6;
    const awayLoad = (perSecond * awayUs) / 1e6;
    const perCore = cpuLoad / cores;
    const fullCores = this.#weighCpu(cpuLoad, cores, perCore);
    // Far below its mean a Poisson weight is nothing: begin eight deviations under it.
    const start = Math.max(0, Math.floor(awayLoad - 8 * Math.sqrt(awayLoad) - 8));
    const away = this.#away;
    const ring = fullCores + 1;
    away.fill(0, 0, ring);
    let weight = 1;
    let previous = 0;
    let current = 0;
    let sum = 0;
    let numbers = 0;
    let bounded = false;
    for (let n = start; n <= slots; n += 1) {
      if (n > start) weight *= awayLoad / n;
      away[n % ring] = weight;
      let fresh = 0;
      for (let busy = 0; busy <= fullCores && n - busy >= start; busy += 1) {
        fresh += this.#cpuWeights[busy]! * away[(n - busy) % ring]!;
      }
      previous = current;
      current = fresh + perCore * previous;
      sum += current;
      numbers += n * current;
      if (n > cpuLoad + awayLoad && current < 1e-10 * sum && current < 0.98 * previous) {
        bounded = true;
        break;
      }
    }
    let slotWaitShare = 0;
    let insideUs: number;
    let outsideUs = 0;
    if (bounded) {
      this.#ratio = Math.min(previous > 0 ? current / previous : 0, perSecond / this.boundPerSecond);
      insideUs = (numbers / sum / perSecond) * 1e6;
    } else {
      const ratio = previous > 0 ? current / previous : perSecond / this.boundPerSecond;
      this.#ratio = ratio;
      if (ratio >= 1) return;
      const beyond = (current * ratio) / (1 - ratio);
      const total = sum + beyond;
      slotWaitShare = (current + beyond) / total;
      insideUs = ((numbers + slots * beyond) / total / perSecond) * 1e6;
      outsideUs = (beyond / (1 - ratio) / total / perSecond) * 1e6;
    }
    this.waitUs = Math.max(0, insideUs - holdUs + outsideUs * this.#slotScale);
    this.waitShare = Math.min(1, Math.max(slotWaitShare, this.#cpuWaitShare(cpuLoad, cores, perCore)));
    if (this.waitShare < 1e-12) this.waitUs = 0;
  }

  /** D(j) = A(j) − perCore·A(j−1) of the CPU's birth-death weights A; zero above the number of whole cores, returned. */
  #weighCpu(cpuLoad: number, cores: number, perCore: number): number {
    const whole = cpuLoad > 0 ? Math.floor(cores) : 0;
    const weights = this.#cpuWeights;
    weights[0] = 1;
    let a = 1;
    for (let j = 1; j <= whole; j += 1) {
      weights[j] = a * (cpuLoad / j - perCore);
      a *= cpuLoad / j;
    }
    return whole;
  }

  /** The chance to find the CPU taken: Erlang's C, also for a fraction of a core. */
  #cpuWaitShare(cpuLoad: number, cores: number, perCore: number): number {
    if (cpuLoad <= 0) return 0;
    if (perCore >= 1) return 1;
    if (cores <= 1) return perCore;
    const whole = Math.floor(cores);
    let term = 1;
    let sum = 0;
    for (let j = 0; j < whole; j += 1) {
      sum += term;
      term *= cpuLoad / (j + 1);
    }
    const tail = term / (1 - perCore);
    return tail / (sum + tail);
  }
}

/** How far slots, and not the CPU, are what requests wait for: 0 to 1. */
function slotShortness(cpuBound: number, slotBound: number, cores: number, slots: number): number {
  if (slots <= cores) return 1;
  const relative = slotBound / cpuBound;
  return relative >= 1 ? 0 : 1 - relative * relative;
}
