import { describe, expect, it } from "vitest";
import type { KubeletCase, Line } from "../conformance/kubelet-case.ts";
import { KubeletRun } from "../conformance/kubelet-run.ts";

/** What a kubelet does with the pod `p` on the machine of the recordings; what is not said is as there. */
function lines(spec: object, rest: Partial<KubeletCase> = {}, seconds = 60): readonly Line[] {
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec };
  const written = {
    ...{ id: "written", group: "written", durationMs: seconds * 1000, plegPhaseMs: 157, expect: [] },
    delays: { runSandboxMs: 300, stopSandboxMs: 100, createMs: 40, startMs: 60 },
    pods: [pod],
    ...rest,
    script: [{ atMs: 0, op: "create", pod: "p" }, ...(rest.script ?? [])],
  } as unknown as KubeletCase;
  return new KubeletRun(written).lines();
}

const container = (name: string, fields: object = {}): object => ({ name, image: "img:1", ...fields });
const sidecar = (name: string, fields: object = {}): object => container(name, { restartPolicy: "Always", ...fields });
const probe = (type: string, fields: object = {}): object => ({
  [`${type}Probe`]: { exec: { command: ["probe", type] }, periodSeconds: 5, ...fields },
});
const calls = (all: readonly Line[], call: string): string[] =>
  all.filter((line) => line["call"] === call).map((line) => `${line["container"]} ${line.atMs}`);
const events = (all: readonly Line[], reason: string): unknown[] =>
  all.filter((line) => line.what === "event" && line["reason"] === reason).map(({ message }) => message);
const conditions = (all: readonly Line[], type: string): unknown[] =>
  all.flatMap((line) => {
    const condition = line[`condition ${type}`] as { status: string; reason?: string } | undefined;
    return condition === undefined ? [] : [[condition.status, condition.reason].filter(Boolean).join(" ")];
  });

describe("the end of a pod with sidecars", () => {
  const remove = { script: [{ atMs: 20_000, op: "delete", pod: "p" }] };

  it("stops each after the one that follows it, which counts as gone when it does not run", () => {
    const all = lines(
      { initContainers: ["s1", "s2", "s3"].map((name) => sidecar(name)), containers: [container("c")] },
      {
        ...remove,
        behaviour: {
          "p/c": [{ onTermMs: 1000 }],
          "p/s2": [{ exitAfterMs: 2000 }, { exitAfterMs: 2000 }, { exitAfterMs: 500 }],
          "p/s3": [{ onTermMs: 3000 }],
        },
      },
    );
    expect(calls(all, "StopContainer").sort()).toEqual(["c 20000", "s1 21000", "s3 21000"]);
  });

  it("probes sidecars on until they are stopped, and the others no more", () => {
    const live = probe("liveness");
    const all = lines(
      { initContainers: [sidecar("s", live)], containers: [container("c", live)] },
      { ...remove, behaviour: { "p/c": [{ onTermMs: 12_000 }] } },
    );
    const late = all.filter(({ what, atMs }) => what === "probe" && atMs > 20_000);
    expect(late.map((line) => `${line["container"]} ${line.atMs}`)).toEqual(["s 25000", "s 30000"]);
  });
});

describe("hooks", () => {
  it("a postStart that sleeps does not notice that its container ends", () => {
    const postStart = { lifecycle: { postStart: { sleep: { seconds: 4 } } } };
    const all = lines(
      { containers: [container("c", postStart)], restartPolicy: "Never" },
      { behaviour: { "p/c": [{ exitAfterMs: 1000 }] } },
    );
    expect(events(all, "FailedPostStartHook")).toEqual([]);
    expect(calls(all, "StopContainer")).toEqual([]);
  });
});

describe("a container that its probe kills", () => {
  const failing = { probes: { liveness: [{ fromMs: 0, result: "fail" }] } } as const;
  const rule = { action: "Restart", exitCodes: { operator: "In", values: [137, 143] } };

  it.each([
    { because: "rules about exit codes are not asked", own: { restartPolicy: "Never", restartPolicyRules: [rule] } },
    { because: "its own policy stands before the pod's", own: { restartPolicy: "Never" } },
  ])("is not started again by the kill: $because", ({ own }) => {
    const all = lines(
      { containers: [container("c", { ...probe("liveness", { failureThreshold: 1 }), ...own }), container("d")] },
      { behaviour: { "p/c": [failing] } },
      8,
    );
    expect(events(all, "Killing")).toEqual(["Container c failed liveness probe"]);
  });

  it("is where only its own policy says so, and is probed in its next life", () => {
    const side = sidecar("s", probe("liveness", { failureThreshold: 1 }));
    const all = lines(
      { initContainers: [side], containers: [container("c")], restartPolicy: "Never" },
      { behaviour: { "p/s": [{ exitAfterMs: 6000, exitCode: 1 }, {}] } },
      30,
    );
    const probes = all.filter(({ what, atMs }) => what === "probe" && atMs > 8000);
    expect(probes.length).toBeGreaterThan(2);
  });
});

describe("a pod with a probed container that has ended for good", () => {
  it("is synced each second, so that a container that is not ready is probed each second", () => {
    const readiness = probe("readiness", { periodSeconds: 20 });
    const all = lines(
      { containers: [container("a", probe("liveness")), container("c", readiness)], restartPolicy: "Never" },
      {
        behaviour: {
          "p/a": [{ exitAfterMs: 4500 }],
          "p/c": [{ probes: { readiness: [{ fromMs: 0, result: "fail" }] } }],
        },
      },
      14,
    );
    const probed = all.filter(({ what, atMs }) => what === "probe" && atMs > 10_000);
    expect(probed.map(({ atMs }) => atMs)).toEqual([10_164, 11_164, 12_164, 13_164]);
  });
});

describe("conditions of a pod whose containers restart", () => {
  it("Initialized stays True while sidecar and containers wait to be restarted", () => {
    const all = lines(
      { initContainers: [sidecar("s")], containers: [container("c")] },
      { behaviour: { "p/s": [{ exitAfterMs: 700, exitCode: 1 }], "p/c": [{ exitAfterMs: 700, exitCode: 1 }] } },
      300,
    );
    expect(conditions(all, "Initialized")).toEqual(["False ContainersNotInitialized", "True"]);
  });

  it.each([
    { code: 0, reason: "PodCompleted" },
    { code: 1, reason: "PodFailed" },
  ])("AllContainersRestarting ends with $reason where the pod ends with $code", ({ code, reason }) => {
    const rule = { action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } };
    const all = lines(
      { containers: [container("c", { restartPolicy: "Never", restartPolicyRules: [rule] })], restartPolicy: "Never" },
      { behaviour: { "p/c": [{ exitAfterMs: 5000, exitCode: code }] } },
    );
    expect(conditions(all, "AllContainersRestarting")).toEqual(["False", `False ${reason}`]);
  });
});

describe("a restart of the whole pod", () => {
  const asks = { action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } };
  const counts = (all: readonly Line[], name: string): number[] => {
    const told = all.flatMap((line) => line[`container ${name}`] ?? []) as { restartCount: number }[];
    return told.map(({ restartCount }) => restartCount);
  };

  it("counts for who ran, and what restarts later counts on from there", () => {
    const all = lines(
      { containers: [container("a"), container("w", { restartPolicy: "Never", restartPolicyRules: [asks] })] },
      {
        behaviour: {
          "p/a": [{}, { exitAfterMs: 5000, exitCode: 1 }, {}],
          "p/w": [{ exitAfterMs: 3000, exitCode: 88 }, {}],
        },
      },
    );
    expect(Math.max(...counts(all, "a"))).toBe(2);
    expect(Math.max(...counts(all, "w"))).toBe(1);
  });

  it("does not count for who never ran", () => {
    const init = container("i", { restartPolicy: "Never", restartPolicyRules: [asks] });
    const all = lines(
      { initContainers: [init], containers: [container("a")] },
      { behaviour: { "p/i": [{ exitAfterMs: 1000, exitCode: 88 }, { exitAfterMs: 1000 }] } },
    );
    expect(Math.max(...counts(all, "a"))).toBe(0);
  });
});

describe("an eviction", () => {
  it.each([
    { apart: true, full: "nodeFsAvailable", first: "q", because: "writable layers lie elsewhere" },
    { apart: true, full: "imageFsAvailable", first: "p", because: "writable layers lie with the images" },
    { apart: false, full: "nodeFsAvailable", first: "p", because: "everything lies there" },
  ])("where $full runs out takes $first first: $because", ({ apart, full, first }) => {
    const gi = 1024 * 1024 * 1024;
    const pod = (name: string, priority: number): object => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { priority, containers: [container("c")] } },
    });
    const imageFs = { imageFsCapacity: 100 * gi, imageFsAvailable: 80 * gi, separateImageFs: true };
    const all = lines(
      {},
      {
        ...(apart && { node: imageFs }),
        pods: [pod("p", 10), pod("q", 0)] as unknown as KubeletCase["pods"],
        script: [
          { atMs: 0, op: "create", pod: "q" },
          { atMs: 5000, op: "disk", pod: "p", container: "c", bytes: 5 * gi },
          { atMs: 15_000, op: "node", set: { [full]: gi } },
        ],
      },
      30,
    );
    const evicted = all.filter((line) => line["reason"] === "Evicted" && line.what === "event");
    expect(evicted[0]!["object"]).toBe(`Pod ${first}`);
  });

  it.each([
    {
      most: undefined,
      timeout: 2,
      because: "no grace is the default of soft evictions, and the runtime makes two seconds of it",
    },
    { most: 5, timeout: 5, because: "a pod gets no more" },
    { most: 60, timeout: 20, because: "a pod gets no more than its own" },
  ])("of the soft kind with at most $most s of grace stops after $timeout: $because", ({ most, timeout }) => {
    const all = lines(
      { containers: [container("c")], terminationGracePeriodSeconds: 20 },
      {
        kubelet: {
          ...{ evictionHard: { "memory.available": "100Mi" }, evictionSoft: { "memory.available": "500Mi" } },
          ...{ evictionSoftGracePeriod: { "memory.available": "10s" }, evictionMaxPodGracePeriod: most },
        },
        behaviour: { "p/c": [{ onTermMs: -1 }] },
        script: [{ atMs: 15_000, op: "node", set: { memoryWorkingSet: 16_865_300_480 } }],
      },
    );
    const stops = all.filter((line) => line["call"] === "StopContainer");
    expect(stops.map((line) => line["timeoutS"])).toEqual([timeout]);
  });

  it("does not wait for ever: who is still pulling after ten seconds is named, and gone when that is over", () => {
    const pulling = { images: { "img:1": { present: false, pullMs: 40_000 } } };
    const all = lines(
      { containers: [container("c")] },
      {
        ...pulling,
        script: [{ atMs: 15_000, op: "node", set: { memoryWorkingSet: 17_179_869_184 } }],
      },
      70,
    );
    expect(events(all, "ExceededGracePeriod")).toEqual([
      "Container runtime did not kill the pod within specified grace period.",
    ]);
  });
});

describe("what keeps a container from being created", () => {
  it.each([
    { image: "Img:1", words: "invalid reference format: repository name (Img) must be lowercase" },
    { image: "img:1:2", words: "invalid reference format" },
    {
      image: "a".repeat(64),
      words: `invalid repository name (${"a".repeat(64)}), cannot specify 64-byte hexadecimal strings`,
    },
  ])("a name that is none: $image", ({ image, words }) => {
    const all = lines({ containers: [container("c", { image })] }, {}, 20);
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${words}`;
    expect(events(all, "InspectFailed")[0]).toBe(message);
    expect(events(all, "Failed")[0]).toBe("Error: InvalidImageName");
    const shown = all.flatMap((line) => line["container c"] ?? []) as { state: unknown }[];
    expect(shown.at(-1)!.state).toEqual({ waiting: { reason: "InvalidImageName", message } });
  });

  it.each(["img", "img:1", "reg.io:5000/a/b_c/d--e:v1.2", "Host/img", "localhost/img", `img@sha256:${"0".repeat(64)}`])(
    "%s is a name",
    (image) => {
      expect(events(lines({ containers: [container("c", { image })] }, {}, 20), "InspectFailed")).toEqual([]);
    },
  );

  it.each([
    { error: "RegistryUnavailable: refused", words: "because the registry is unavailable: refused" },
    { error: "SignatureValidationFailed", words: "because the signature validation failed" },
  ])("what the runtime names: $error", ({ error, words }) => {
    const images = { "img:1": { present: false, failAlways: { tookMs: 100, error } } };
    const all = lines({ containers: [container("c")] }, { images }, 40);
    const [reason] = error.split(":");
    expect(events(all, "Failed")).toContain(`Error: ${reason}`);
    const shown = all.flatMap((line) => line["container c"] ?? []) as { state: { waiting: { message?: string } } }[];
    expect(shown[1]!.state.waiting.message).toBe(`image pull failed for img:1 ${words}`);
  });

  const from = (kind: string) => ({ valueFrom: { [`${kind}KeyRef`]: { name: "n", key: "wanted" } } });
  it.each([
    { kind: "configMap", data: undefined, words: 'configmap "n" not found' },
    { kind: "configMap", data: { other: "" }, words: "couldn't find key wanted in ConfigMap default/n" },
    { kind: "secret", data: { other: "" }, words: "couldn't find key wanted in Secret default/n" },
    { kind: "secret", data: { wanted: "" }, words: undefined },
  ])("what its environment takes of a $kind with $data: $words", ({ kind, data, words }) => {
    const script = data === undefined ? [] : [{ atMs: 0, op: kind, name: "n", data }];
    const all = lines({ containers: [container("c", { env: [{ name: "E", ...from(kind) }] })] }, { script }, 5);
    expect(events(all, "Failed")[0]).toBe(words === undefined ? undefined : `Error: ${words}`);
  });

  it.each([
    { volume: { configMap: { name: "n" } }, words: undefined },
    {
      volume: { configMap: { name: "n", items: [{ key: "wanted", path: "w" }] } },
      words: "configmap references non-existent config key: wanted",
    },
    { volume: { configMap: { name: "n", items: [{ key: "wanted", path: "w" }], optional: true } }, words: undefined },
  ])("what its volume takes of a ConfigMap: $volume", ({ volume, words }) => {
    const script = [{ atMs: 0, op: "configMap", name: "n", data: { other: "" } }];
    const all = lines({ containers: [container("c")], volumes: [{ name: "v", ...volume }] }, { script }, 3);
    const message = `MountVolume.SetUp failed for volume "v" : ${words}`;
    expect(events(all, "FailedMount")[0]).toBe(words === undefined ? undefined : message);
  });

  it("nobody is told of a sandbox that failed when the pod was to end anyway", () => {
    const all = lines(
      { containers: [container("c")] },
      { sandboxErrors: ["no network"], script: [{ atMs: 100, op: "delete", pod: "p" }] },
      10,
    );
    expect(events(all, "FailedCreatePodSandBox")).toEqual([]);
  });
});

describe("activeDeadlineSeconds", () => {
  it("counts while the pod is being deleted, too", () => {
    const all = lines(
      { containers: [container("c")], activeDeadlineSeconds: 12 },
      { behaviour: { "p/c": [{ onTermMs: 5000 }] }, script: [{ atMs: 10_000, op: "delete", pod: "p" }] },
      30,
    );
    expect(events(all, "DeadlineExceeded")).toHaveLength(2); // The last description of the stopped pod, and of the gone one.
    const [phase] = all.flatMap((line) => (line["phase"] === "Failed" ? [line["reason"]] : []));
    expect(phase).toBe("DeadlineExceeded");
  });
});

describe("room for a critical pod", () => {
  it("is made before anything else is taken up: a container that ends meanwhile is started again afterwards", () => {
    const demanding = (name: string, cpu: string, fields: object = {}): object => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
      spec: { containers: [container("c", { resources: { requests: { cpu } } })], ...fields },
    });
    const pods = [
      demanding("p", "1"),
      demanding("victim", "3"),
      demanding("critical", "3", { priority: 2_000_000_000 }),
    ];
    const all = lines({}, {
      pods,
      behaviour: { "p/c": [{ exitAfterMs: 22_000 }, {}], "victim/c": [{ onTermMs: 12_000 }] },
      script: [
        { atMs: 0, op: "create", pod: "victim" },
        { atMs: 20_000, op: "create", pod: "critical" },
      ],
    } as unknown as Partial<KubeletCase>);
    const created = all.filter((line) => line["call"] === "CreateContainer" && line.atMs > 20_000);
    expect(created.map((line) => [line["pod"], line.atMs])).toEqual([
      ["p", 32_100],
      ["critical", 32_400],
    ]);
  });
});

describe("a graceful shutdown", () => {
  it("is carried to its end before its cancellation is heard", () => {
    const all = lines(
      { containers: [container("c")] },
      {
        kubelet: { shutdownGracePeriod: "30s" },
        behaviour: { "p/c": [{ onTermMs: 8000 }] },
        script: [
          { atMs: 20_000, op: "shutdown" },
          { atMs: 22_000, op: "shutdownCancel" },
        ],
      },
    );
    const told = all.filter(({ what, atMs }) => what === "shutdownLockReleased" && atMs > 0);
    expect(told.map(({ atMs }) => atMs)).toEqual([28_100, 28_100]);
    expect(events(all, "Shutdown")).toEqual([
      "Shutdown manager detected shutdown event",
      "Shutdown manager detected shutdown cancellation",
    ]);
  });
});
