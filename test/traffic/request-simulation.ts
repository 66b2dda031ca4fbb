import { drawExponential, EventLoop, handler, phase, type RandomStream, randomStreams } from "../../src/sim/index.ts";

export interface Shop {
  readonly perSecond: number;
  readonly seconds: number;
  readonly pods: number;
  readonly cpuUs: number;
  readonly waitUs: number;
  /** A whole number, or a part of one core. */
  readonly cores: number;
  readonly slots: number;
  readonly timeoutUs: number;
  readonly retries: number;
  readonly seed: string;
}

export interface Outcome {
  readonly arrived: number;
  readonly served: number;
  readonly timedOut: number;
  readonly meanUs: number;
  readonly p95Us: number;
  /** Share of the CPU in use. */
  readonly utilization: number;
}

interface Request {
  readonly bornUs: number;
  readonly pod: Pod;
  readonly attempt: number;
  state: "in line" | "for cpu" | "on cpu" | "away" | "over";
  /** Counts changes of state, so that an event for an earlier one is known to be void. */
  turn: number;
  onCpuSinceUs: number;
}

interface Pod {
  readonly line: Request[];
  readonly forCpu: Request[];
  slots: number;
  servers: number;
}

/**
 * The model of `Traffic`, one request at a time: random arrivals, a random pod, a line for slots, a line for the CPU,
 * then a wait elsewhere; callers who lose patience take their request back wherever it is, and may try again.
 */
export function simulateRequests(shop: Shop): Outcome {
  const streams = randomStreams(shop.seed);
  const [arrivals, choice, work, waits] = ["arrivals", "pods", "cpu", "waits"].map(streams) as RandomStream[] as [
    RandomStream,
    RandomStream,
    RandomStream,
    RandomStream,
  ];
  const loop = new EventLoop();
  const servers = Math.max(1, Math.round(shop.cores));
  const serviceUs = shop.cpuUs / Math.min(1, shop.cores);
  const pods: Pod[] = Array.from({ length: shop.pods }, () => ({ line: [], forCpu: [], slots: shop.slots, servers }));
  const latencies: number[] = [];
  let arrived = 0;
  let timedOut = 0;
  let busyUs = 0;

  const begin = (attempt: number): void => {
    const pod = pods[Math.floor(choice() * pods.length)]!;
    const request: Request = { bornUs: loop.nowUs, pod, attempt, state: "in line", turn: 0, onCpuSinceUs: 0 };
    arrived += 1;
    pod.line.push(request);
    loop.schedule(loop.nowUs + shop.timeoutUs, phase.world, lostPatience, request);
    proceed(pod);
  };
  const proceed = (pod: Pod): void => {
    while (pod.slots > 0 && pod.line.length > 0) {
      pod.slots -= 1;
      const request = pod.line.shift()!;
      request.state = "for cpu";
      pod.forCpu.push(request);
    }
    while (pod.servers > 0 && pod.forCpu.length > 0) {
      pod.servers -= 1;
      const request = pod.forCpu.shift()!;
      request.onCpuSinceUs = loop.nowUs;
      enter(request, "on cpu", shop.cpuUs === 0 ? 0 : drawExponential(serviceUs, work));
    }
  };
  const enter = (request: Request, state: Request["state"], forUs: number): void => {
    request.state = state;
    request.turn += 1;
    loop.schedule(loop.nowUs + forUs, phase.world, done, { request, turn: request.turn });
  };
  const done = handler("done", ({ request, turn }: { request: Request; turn: number }) => {
    if (request.turn !== turn) return;
    if (request.state === "on cpu") {
      leaveCpu(request);
      enter(request, "away", shop.waitUs === 0 ? 0 : drawExponential(shop.waitUs, waits));
    } else {
      request.state = "over";
      request.pod.slots += 1;
      latencies.push(loop.nowUs - request.bornUs);
    }
    proceed(request.pod);
  });
  const leaveCpu = (request: Request): void => {
    request.pod.servers += 1;
    busyUs += loop.nowUs - request.onCpuSinceUs;
  };
  const lostPatience = handler("time-out", (request: Request) => {
    const { pod, state } = request;
    if (state === "over") return;
    timedOut += 1;
    if (state === "in line") pod.line.splice(pod.line.indexOf(request), 1);
    else pod.slots += 1;
    if (state === "for cpu") pod.forCpu.splice(pod.forCpu.indexOf(request), 1);
    if (state === "on cpu") leaveCpu(request);
    request.state = "over";
    request.turn += 1;
    proceed(pod);
    if (request.attempt < shop.retries) begin(request.attempt + 1);
  });
  const arrival = handler("arrival", () => {
    begin(0);
    loop.schedule(loop.nowUs + drawExponential(1e6 / shop.perSecond, arrivals), phase.world, arrival, undefined);
  });
  loop.schedule(0, phase.world, arrival, undefined);
  while (loop.step(100_000, shop.seconds * 1e6) === "more");
  latencies.sort((one, other) => one - other);
  return {
    arrived,
    served: latencies.length,
    timedOut,
    meanUs: latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length,
    p95Us: latencies[Math.floor(latencies.length * 0.95)] ?? 0,
    utilization: (busyUs * Math.min(1, shop.cores)) / (shop.pods * shop.cores * shop.seconds * 1e6),
  };
}
