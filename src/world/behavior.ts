import type { Distribution } from "../sim/index.ts";

/** What a call to another service costs the caller: that service's answer is waited for. */
export interface Call {
  /** `namespace/name` of a Service, or the name of an external. */
  readonly to: { readonly service: string } | { readonly external: string };
  /** Calls per request, at least 0; a fraction is a share of requests. */
  readonly perRequest: number;
  /** Of question and answer together. Default 0. */
  readonly bytes?: number;
}

/** A layer that several images have. */
export interface ImageLayer {
  readonly name: string;
  /** Compressed. */
  readonly bytes: number;
}

/**
 * How software behaves, which no manifest says. Comes from the scenario's `behavior`, else from defaults that the report
 * prints. Durations in microseconds, sizes in bytes.
 */
export interface Behavior {
  /** From the start of the container until it can answer (and passes a readiness probe). */
  readonly startup: Distribution;
  /** How long each ordinary init container runs. Default 1 s. */
  readonly init?: Distribution;
  /** Compressed size of one image. */
  readonly imageBytes: number;
  /** Of it, layers that other images have too, by name; compressed. */
  readonly imageLayers?: readonly ImageLayer[];
  /** Work of one request on one core, and time spent waiting elsewhere; `undefined`: it serves no requests. */
  readonly perRequest: { readonly cpuUs: number; readonly waitUs: number } | undefined;
  /** Before it is warm (code is compiled, caches fill): for how long after it answers first, and how it behaves until then. */
  readonly cold?: { readonly for: Distribution; readonly behavior: Behavior };
  /** Requests in progress at once in one pod; further ones wait in line. */
  readonly concurrency: number;
  readonly memory: {
    readonly baseBytes: number;
    readonly perRequestInFlightBytes: number;
    readonly leakBytesPerSecond: number;
  };
  /** What it writes to its own layer, or to a volume by name, from its start on; `undefined`: nothing. */
  readonly disk?: {
    readonly baseBytes: number;
    readonly bytesPerSecond: number;
    readonly volume?: string;
    /** How many files it leaves; `undefined`: they do not count. */
    readonly files?: { readonly base: number; readonly perSecond: number };
  };
  /** Processes and threads from its start on; `undefined`: one. */
  readonly processes?: { readonly base: number; readonly perSecond: number };
  readonly calls: readonly Call[];
  /** CPU used without any request; while starting, `startupCpuMillicores` instead. `undefined`: what the pod requests. */
  readonly idleCpuMillicores: number | undefined;
  readonly startupCpuMillicores: number;
  /** Containers exit by themselves this long after their start (batch work); `undefined`: they run on. */
  readonly exit: { readonly after: Distribution; readonly code: number } | undefined;
  /** From SIGTERM to exit; requests in progress are finished, new ones refused after it. */
  readonly shutdown: Distribution;
  /** Its exit code then. */
  readonly shutdownExitCode: number;
}

/** Something outside the cluster that services call: a database, a payment provider. */
export interface External {
  readonly name: string;
  readonly latency: Distribution;
  /** Calls in progress at once; further ones wait. */
  readonly connections: number;
}
