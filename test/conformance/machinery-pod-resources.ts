import {
  type Container,
  oomScoreAdj,
  type Pod,
  podLimitList,
  podRequestList,
  podRequests,
  qosClass,
  type ResourceList,
  resourceValue,
  value,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface PodResourcesLine extends RecordedLine {
  readonly spec: Pod["spec"];
  readonly status?: Pod["status"];
  readonly requests: ResourceList;
  readonly limits: ResourceList;
  readonly requestsSkippingPodLevel?: ResourceList;
  readonly requestsWithoutOverhead: ResourceList;
  readonly requestsUsingStatus?: ResourceList;
  readonly qosClass: string;
  readonly oomScoreAdj: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function podResources(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<PodResourcesLine>(recordings, "pod-resources", (line) => {
    const { id, op, status, spec, ...expected } = line;
    const pod = { spec, status };
    if (op === "resize") {
      const answer = {
        requests: podRequestList(pod),
        requestsUsingStatus: podRequestList(pod, { useStatusResources: true }),
      };
      return firstDifference(expected, answer);
    }
    const { input, ...totals } = expected as typeof expected & { readonly input: unknown };
    return firstDifference(totals, answer(line)) ?? numbersDiffer(pod, line.requests);
  });
}

function answer(line: PodResourcesLine): unknown {
  const pod = { spec: line.spec } as Pod;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const scores = (memory: string): unknown =>
    Object.fromEntries(
      containers.map((container: Container) => [container.name, oomScoreAdj(pod, container, value(memory))]),
    );
  return {
    requests: podRequestList(pod),
    limits: podLimitList(pod),
    ...(line.requestsSkippingPodLevel && {
      requestsSkippingPodLevel: podRequestList(pod, { skipPodLevelResources: true }),
    }),
    requestsWithoutOverhead: podRequestList(pod, { excludeOverhead: true }),
    qosClass: qosClass(pod),
    oomScoreAdj: Object.fromEntries(Object.keys(line.oomScoreAdj).map((memory) => [memory, scores(memory)])),
  };
}

/** The quick integers must say the same as the exact quantities. */
function numbersDiffer(pod: Pick<Pod, "spec">, requests: ResourceList): string | undefined {
  const { all } = podRequests(pod);
  for (const [name, text] of Object.entries(requests)) {
    if (all.get(name) !== resourceValue(name, text)) return `${name}: ${all.get(name)} is not ${text}`;
  }
  return undefined;
}
