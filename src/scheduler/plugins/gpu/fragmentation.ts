/** One class of the workload's typical mix. */
export interface TypicalPod {
  readonly cpuMillicores: number;
  readonly gpuCount: number;
  /** Of each GPU. */
  readonly gpuMilli: number;
  /** GPU models it may run on; none: any. */
  readonly models?: readonly string[];
  /** Share of the mix; all shares sum to 1. */
  readonly share: number;
}

/** What a machine has left for pods of the mix. */
interface Remainder {
  readonly cpuMillicores: number;
  readonly model: string;
  /** Thousandths left of each GPU. */
  readonly gpus: readonly number[];
}

/**
 * F of fragmentation gradient descent: the idle GPU thousandths of a machine that a pod drawn from the mix is expected not to be
 * able to use. A class that asks for none, or that the machine cannot host, leaves all of them idle, any other those on GPUs with
 * too little left.
 */
export function fragmentation(mix: readonly TypicalPod[], { cpuMillicores, model, gpus }: Remainder): number {
  let idle = 0;
  for (const milli of gpus) idle += milli;
  if (idle === 0) return 0;
  let expected = 0;
  for (const { cpuMillicores: cpu, gpuCount, gpuMilli, models, share } of mix) {
    let unusable = 0;
    let fitting = 0;
    for (const milli of gpus) {
      if (milli >= gpuMilli) fitting++;
      else unusable += milli;
    }
    const hosts = cpu <= cpuMillicores && fitting >= gpuCount && (models === undefined || models.includes(model));
    expected += share * (hosts && gpuCount > 0 ? unusable : idle);
  }
  return expected;
}
