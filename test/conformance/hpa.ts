import type { Area } from "./area.ts";
import { replicaCalculator } from "./hpa-calculator.ts";
import { metricsServer } from "./hpa-metrics-server.ts";
import { series } from "./hpa-series.ts";

/** Decisions of the real HPA controller and metrics-server; /work/shared/conformance/hpa/README.md describes them. */
export const hpa: Area = {
  name: "hpa",
  *replay(recordings) {
    yield* replicaCalculator(recordings);
    yield* series(recordings);
    yield* metricsServer(recordings);
  },
};
