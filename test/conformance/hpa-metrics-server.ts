import { PodPoints, type Sample } from "../../src/metrics/index.ts";
import { bytesText, parseAmount, scaledValue } from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { replayNamed } from "./hpa-recorded.ts";

interface ScrapesLine {
  readonly name: string;
  readonly metricResolutionMs: number;
  readonly scrapes: readonly {
    readonly scrapeAtMs: number;
    readonly points: readonly {
      readonly pod: number;
      readonly container: string;
      readonly startMs: number;
      readonly sampleMs: number;
      readonly cpuNanoCoreSeconds: number;
      readonly memoryBytes: number;
    }[];
    readonly podMetrics: readonly {
      readonly pod: string;
      readonly timestampMs: number;
      readonly windowMs: number;
      readonly containers: readonly {
        readonly name: string;
        readonly cpu: string;
        readonly memory: string;
        readonly cpuMilliAsHpaReadsIt: number;
      }[];
    }[];
  }[];
}

/** Nine scrapes of a few containers each: what metrics-server's storage answers after each. */
export function metricsServer(recordings: Recordings): Iterable<CaseResult> {
  return replayNamed<ScrapesLine>(
    recordings,
    "metrics-server.jsonl",
    () => "metrics-server",
    ({ metricResolutionMs, scrapes }) => {
      const pods = new Map<string, PodPoints>();
      for (const [index, { points, podMetrics }] of scrapes.entries()) {
        const samples = new Map<string, Sample[]>();
        for (const { pod, container, startMs, sampleMs, cpuNanoCoreSeconds: cpu, memoryBytes } of points) {
          const sample = { container, startUs: startMs * 1000, atUs: sampleMs * 1000, cpu, memoryBytes };
          const name = `web-${pod}`;
          samples.set(name, [...(samples.get(name) ?? []), sample]);
          if (!pods.has(name)) pods.set(name, new PodPoints(name));
        }
        const answers: Record<string, unknown> = {};
        for (const [name, stored] of pods) {
          stored.store(samples.get(name) ?? [], metricResolutionMs * 1000);
          const usage = stored.usage();
          if (usage === undefined) continue;
          answers[name] = {
            timestampMs: usage.timestampUs / 1000,
            windowMs: Math.trunc(usage.windowUs / 1000),
            containers: Object.fromEntries(
              usage.containers.map(({ name: container, cpuNanocores, memoryBytes }) => [
                container,
                {
                  milli: Math.ceil(cpuNanocores! / 1_000_000),
                  nano: cpuNanocores,
                  memory: bytesText(memoryBytes!),
                },
              ]),
            ),
          };
        }
        const recorded: Record<string, unknown> = {};
        for (const { pod, timestampMs, windowMs, containers } of podMetrics) {
          recorded[pod] = {
            timestampMs,
            windowMs,
            containers: Object.fromEntries(
              containers.map(({ name, cpu, memory, cpuMilliAsHpaReadsIt }) => [
                name,
                { milli: cpuMilliAsHpaReadsIt, nano: Number(scaledValue(parseAmount(cpu), -9)), memory },
              ]),
            ),
          };
        }
        const difference = firstDifference(recorded, answers, `scrape ${index}`);
        if (difference !== undefined) return difference;
      }
      return undefined;
    },
  );
}
