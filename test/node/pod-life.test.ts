import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/apiserver/index.ts";
import type { Pod } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

/** One pod by itself, and what its kubelet reported of it. */
function live(
  spec: object,
  scenario: object = {},
): {
  readonly simulation: Simulation;
  readonly states: (Pod & { readonly atUs: number })[];
  readonly goneUs: () => number | undefined;
} {
  const manifest = JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { app: "p" } },
    spec,
  });
  const states: (Pod & { readonly atUs: number })[] = [];
  let goneUs: number | undefined;
  const onCommit = ({ after, before, atUs }: LogEntry): void => {
    if (after?.kind === "Pod") states.push({ ...(after as Pod), atUs });
    if (after === undefined && before?.kind === "Pod") goneUs = atUs;
  };
  const simulation = new Simulation(smallScenario({ warmUp: "0s", duration: "30m", ...scenario }, manifest), "1", {
    onCommit,
  });
  simulation.runUntil(simulation.endUs);
  return { simulation, states, goneUs: () => goneUs };
}

const container = (fields: object = {}): object => ({
  name: "c",
  image: "example.com/app:1",
  resources: { requests: { cpu: "100m", memory: "64Mi" } },
  ...fields,
});
const reasons = ({ simulation }: { readonly simulation: Simulation }): string[] =>
  [...simulation.api.events.all()]
    .filter(({ kind, source }) => kind === "Pod" && source === "kubelet")
    .map(({ reason }) => reason);
const seconds = (us: number): number => us / 1_000_000;

describe("a pod's start", () => {
  it("tells of it in upstream's order", () => {
    expect(reasons(live({ containers: [container()] }))).toEqual(["Pulling", "Pulled", "Created", "Started"]);
  });

  it("runs init containers to their end, then sidecars, then the rest; Initialized follows the sidecar's start", () => {
    const { states } = live({
      initContainers: [container({ name: "init" }), container({ name: "side", restartPolicy: "Always" })],
      containers: [container()],
    });
    const first = (test: (pod: Pod) => boolean): number => states.find(test)!.atUs;
    const initDone = first(({ status }) => status.initContainerStatuses?.[0]?.state?.terminated !== undefined);
    const sidecarUp = first(({ status }) => status.initContainerStatuses?.[1]?.state?.running !== undefined);
    const mainUp = first(({ status }) => status.containerStatuses?.[0]?.state?.running !== undefined);
    const initialized = first(
      ({ status }) =>
        status.conditions?.some(({ type, status: value }) => type === "Initialized" && value === "True") === true,
    );
    expect(initDone).toBeLessThanOrEqual(sidecarUp);
    expect(sidecarUp).toBeLessThan(mainUp);
    expect(initialized).toBe(sidecarUp);
  });

  it("waits for a ConfigMap that is not there, says so, and starts once it is", () => {
    const { states, simulation } = live({
      containers: [container()],
      volumes: [{ name: "v", configMap: { name: "late" } }],
    });
    expect(states.at(-1)!.status.phase).toBe("Pending");
    expect(
      [...simulation.api.events.all()].some(
        ({ message }) => message === 'MountVolume.SetUp failed for volume "v" : configmap "late" not found',
      ),
    ).toBe(true);
  });

  it("refuses what does not fit the machine: phase Failed, upstream's reason and words", () => {
    const { states } = live({
      containers: [container({ resources: { requests: { cpu: "3" } } })],
      nodeName: "general-1",
    });
    expect(states.at(-1)!.status).toMatchObject({
      phase: "Failed",
      reason: "OutOfcpu",
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 1930",
    });
  });
});

describe("a pod's crashes", () => {
  it("restarts at once, then after 10, 20, 40, 80, 160 and 300 s, and up to half a minute more", () => {
    const { states } = live(
      { containers: [container()] },
      { duration: "40m", behavior: [{ for: "pod/p", exit: { after: "1s", code: 1 } }] },
    );
    const starts: number[] = [];
    for (const { status, atUs } of states) {
      const { restartCount = 0, state } = status.containerStatuses?.[0] ?? {};
      if (state?.running !== undefined && restartCount === starts.length) starts.push(atUs);
    }
    const waits = starts.slice(1).map((atUs, index) => seconds(atUs - starts[index]!));
    // Each life lasts a second, the exit is seen by the next relist, and the last minute of each wait is stretched by half at most.
    for (const [index, wanted] of [0, 10, 20, 40, 80, 160, 300].entries()) {
      expect(waits[index]! - 1 - wanted).toBeGreaterThanOrEqual(0);
      expect(waits[index]! - 1 - wanted).toBeLessThanOrEqual(2.5 + Math.min(wanted, 60) / 2);
    }
  });

  it("ends Succeeded or Failed where nothing restarts it", () => {
    const exit = (code: number): object => ({ behavior: [{ for: "pod/p", exit: { after: "5s", code } }] });
    expect(live({ restartPolicy: "Never", containers: [container()] }, exit(0)).states.at(-1)!.status.phase).toBe(
      "Succeeded",
    );
    expect(live({ restartPolicy: "Never", containers: [container()] }, exit(3)).states.at(-1)!.status.phase).toBe(
      "Failed",
    );
  });

  it("is killed at its memory limit, and says OOMKilled", () => {
    const limited = container({
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
    });
    const leak = { behavior: [{ for: "pod/p", memory: { base: "64Mi", leakPerSecond: "1Mi" } }], duration: "5m" };
    const { states } = live({ containers: [limited] }, leak);
    const killed = states.find(
      ({ status }) =>
        (status.containerStatuses?.[0]?.lastState?.terminated ?? status.containerStatuses?.[0]?.state?.terminated) !==
        undefined,
    )!;
    const terminated =
      killed.status.containerStatuses![0]!.lastState?.terminated ??
      killed.status.containerStatuses![0]!.state!.terminated!;
    expect(terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    expect(seconds(killed.atUs)).toBeGreaterThan(64);
    expect(seconds(killed.atUs)).toBeLessThan(90);
  });

  it("is killed by its liveness probe when it takes too long to start, and spared by a startup probe", () => {
    const slow = { behavior: [{ for: "pod/p", startup: "60s" }], duration: "5m" };
    const probe = { httpGet: { path: "/", port: 80 }, periodSeconds: 10, failureThreshold: 3 };
    const killed = live({ containers: [container({ livenessProbe: probe })] }, slow);
    expect(killed.states.at(-1)!.status.containerStatuses![0]!.restartCount).toBeGreaterThan(0);
    const spared = live(
      { containers: [container({ livenessProbe: probe, startupProbe: { ...probe, failureThreshold: 30 } })] },
      slow,
    );
    expect(spared.states.at(-1)!.status.containerStatuses![0]!.restartCount).toBe(0);
  });
});

describe("a pod's end", () => {
  const stop = (fields: object, shutdown: object): { readonly took: number; readonly code: number | undefined } => {
    const actions = [{ at: "60s", delete: "pod/p" }];
    const { states, goneUs } = live(
      { containers: [container(fields)], terminationGracePeriodSeconds: 20 },
      { actions, behavior: [{ for: "pod/p", ...shutdown }], duration: "5m" },
    );
    const code = states.findLast(({ status }) => status.containerStatuses?.[0]?.state?.terminated)?.status
      .containerStatuses?.[0]?.state?.terminated?.exitCode;
    return { took: seconds(goneUs()! - 60_000_000), code };
  };

  it.each([
    {
      what: "its own shutdown, and the next relist",
      fields: {},
      shutdown: { shutdown: "3s" },
      from: 3,
      to: 4.2,
      code: 143,
    },
    {
      what: "preStop before SIGTERM",
      fields: { lifecycle: { preStop: { sleep: { seconds: 5 } } } },
      shutdown: { shutdown: "3s" },
      from: 8,
      to: 9.2,
      code: 143,
    },
    {
      what: "and says what its software exits with",
      fields: {},
      shutdown: { shutdown: "3s", shutdownExitCode: 0 },
      from: 3,
      to: 4.2,
      code: 0,
    },
    { what: "its grace, then SIGKILL", fields: {}, shutdown: { shutdown: "90s" }, from: 20, to: 21.2, code: 137 },
    {
      what: "two seconds more when preStop has eaten the grace",
      fields: { lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 60"] } } } },
      shutdown: { shutdown: "90s" },
      from: 22,
      to: 23.2,
      code: 137,
    },
  ])("takes $what", ({ fields, shutdown, from, to, code }) => {
    const stopped = stop(fields, shutdown);
    expect(stopped.took).toBeGreaterThanOrEqual(from);
    expect(stopped.took).toBeLessThanOrEqual(to);
    expect(stopped.code).toBe(code);
  });
});
