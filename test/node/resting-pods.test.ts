import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loneKubelet, plainHost } from "../../bench/lone-kubelet.ts";
import { defaultPod, type Pod, type PodStatus, sameContent } from "../../src/model/index.ts";
import type { Host, ProbeType } from "../../src/node/host.ts";
import type { Kubelet } from "../../src/node/kubelet.ts";
import type { EventSubject, KubeletApi } from "../../src/node/kubelet-api.ts";
import { type Row, Rows } from "../../src/node/rows.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";

/** What happens to a pod from outside, and when in milliseconds. */
interface Blow {
  readonly atMs: number;
  readonly what:
    | "kill"
    | "cut"
    | "ill"
    | "well"
    | "label"
    | "condition"
    | "resize"
    | "sync"
    | "tell"
    | "evict"
    | "delete";
  readonly nth: number;
}

const run = handler<() => void>("test", (task) => task());
const name = (nth: number): string => `p${nth}`;

/** A kubelet whose software answers probes the same until it is told otherwise, and an API that shows a write 5 ms later. */
class Bench implements KubeletApi {
  readonly loop = new EventLoop();
  readonly lines: string[] = [];
  readonly requestUs = 2_000;
  readonly pods = new Map<string, Pod>();
  readonly #ill = new Set<string>();
  readonly kubelet: Kubelet;

  constructor({ rests }: { readonly rests: boolean }) {
    this.kubelet = loneKubelet(this.loop, { api: this, host: this.#host(), startUs: -400_000_000 });
    if (!rests) this.kubelet.workers.settle = () => undefined;
  }

  #say(...words: readonly unknown[]): void {
    this.lines.push(JSON.stringify([this.loop.nowUs, ...words]));
  }

  #host(): Host {
    return {
      ...plainHost,
      runSandbox: (sandbox) => {
        this.#say("sandbox", sandbox.pod.metadata.name, sandbox.attempt);
        return plainHost.runSandbox(sandbox);
      },
      removeSandbox: ({ pod }) => this.#say("removed", pod.metadata.name),
      started: ({ pod, seen }) => {
        if (seen.name !== "i" && !(seen.name === "c1" && pod.spec.restartPolicy === "OnFailure")) return;
        const exit = (): void => this.kubelet.exited(pod.metadata.uid, seen.id, 0, "Completed");
        this.loop.schedule(this.loop.nowUs + 700_000, phase.world, run, exit);
      },
      ended: ({ seen }) => this.#say("ended", seen.id, seen.exitCode),
      probe: ({ pod }, type: ProbeType) => {
        const result = this.#ill.has(pod.metadata.name) ? "fail" : "ok";
        this.#say("probe", pod.metadata.name, type, result);
        return { result, tookUs: 3_000, output: "no" };
      },
      updateResources: ({ seen }) => this.#say("resized", seen.id),
    };
  }

  put(pod: Pod): void {
    const known = this.pods.has(pod.metadata.name);
    this.pods.set(pod.metadata.name, pod);
    this.#later(() => (known ? this.kubelet.update(pod) : this.kubelet.add(pod)));
  }

  #later(task: () => void): void {
    this.loop.schedule(this.loop.nowUs + 5_000, phase.deliver, run, task);
  }

  pod({ metadata }: Pod): Pod | undefined {
    return this.pods.get(metadata.name);
  }

  keysOf(): ReadonlySet<string> | undefined {
    return undefined;
  }

  patchStatus(pod: Pod, status: PodStatus, done: (accepted: boolean) => void): void {
    this.#say("status", pod.metadata.name, status);
    if (!sameContent(this.pod(pod)?.status, status)) this.put({ ...pod, status });
    done(true);
  }

  deletePod({ metadata }: Pod): void {
    this.#say("delete", metadata.name);
    this.pods.delete(metadata.name);
    this.#later(() => this.kubelet.remove(metadata.uid));
  }

  createPod(): void {}

  event(subject: EventSubject, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#say("event", subject.name, subject.fieldPath, type, reason, message);
  }

  strike({ what, nth }: Blow): void {
    const pod = this.pods.get(name(nth));
    if (pod === undefined) return;
    const { metadata, spec, status } = pod;
    const { uid } = metadata;
    if (what === "kill") {
      const { containerID } = status.containerStatuses?.[0] ?? {};
      if (containerID !== undefined) this.kubelet.exited(uid, containerID, 137, "Error");
    } else if (what === "cut") {
      const { held } = this.kubelet.workers.get(uid) ?? {};
      for (const sandbox of held?.sandboxes ?? []) sandbox.ready = false;
      for (const { seen } of held?.containers ?? []) this.kubelet.exited(uid, seen.id, 137, "Error");
      this.kubelet.pleg.changed(uid);
    } else if (what === "ill" || what === "well") {
      if (what === "ill") this.#ill.add(metadata.name);
      else this.#ill.delete(metadata.name);
      this.kubelet.workers.lookAgain(uid);
    } else if (what === "label") this.put({ ...pod, metadata: { ...metadata, labels: { at: `${this.loop.nowUs}` } } });
    else if (what === "condition") {
      const condition = { type: "example.com/gate", status: "True" as const };
      this.put({ ...pod, status: { ...status, conditions: [...(status.conditions ?? []), condition] } });
    } else if (what === "resize") {
      const resources = { requests: { cpu: `${1 + (this.loop.nowUs % 7)}m` } };
      const containers = spec.containers.map((container) => ({ ...container, resources }));
      const generation = (metadata.generation ?? 1) + 1;
      this.put({ ...pod, metadata: { ...metadata, generation }, spec: { ...spec, containers } });
    } else if (what === "sync") this.kubelet.syncSoon(uid);
    else if (what === "tell") this.kubelet.tellAgain(uid);
    else if (what === "evict") this.kubelet.workers.get(uid)?.update({ kind: "kill", pod, kill: { graceSeconds: 1 } });
    else
      this.put({
        ...pod,
        metadata: { ...metadata, deletionTimestamp: "2026-01-05T00:01:00Z", deletionGracePeriodSeconds: 2 },
      } as Pod);
  }
}

const probe = { exec: { command: ["p"] }, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2 };
const strictProbe = { ...probe, failureThreshold: 3, successThreshold: 2 };
const container = fc.record({
  readinessProbe: fc.option(fc.constantFrom(probe, strictProbe), { nil: undefined }),
  livenessProbe: fc.option(fc.constant(probe), { nil: undefined }),
  startupProbe: fc.option(fc.constant(probe), { nil: undefined }),
});
const unprobed = { readinessProbe: undefined, livenessProbe: undefined, startupProbe: undefined };
const podShape = fc.record({
  mains: fc.array(container, { minLength: 1, maxLength: 2 }),
  sidecar: fc.option(container, { nil: undefined }),
  init: fc.boolean(),
  gate: fc.boolean(),
  /** Its second container ends well for good. */
  completes: fc.boolean(),
});
const blow: fc.Arbitrary<Blow> = fc.record({
  atMs: fc.integer({ min: 0, max: 40_000 }),
  what: fc.constantFrom(
    "kill",
    "cut",
    "ill",
    "well",
    "label",
    "condition",
    "resize",
    "sync",
    "tell",
    "evict",
    "delete",
  ),
  nth: fc.integer({ min: 0, max: 2 }),
});

type Shape = typeof podShape extends fc.Arbitrary<infer Value> ? Value : never;

function podOf({ mains, sidecar, init, gate, completes }: Shape, nth: number): Pod {
  const manifest = {
    metadata: { name: name(nth), namespace: "default", uid: `uid-${nth}`, generation: 1 },
    spec: {
      containers: mains.map((one, index) => ({ name: `c${index}`, image: "i:1", ...one })),
      initContainers: [
        ...(init ? [{ name: "i", image: "i:1" }] : []),
        ...(sidecar === undefined ? [] : [{ name: "s", image: "i:1", restartPolicy: "Always", ...sidecar }]),
      ],
      ...(completes && { restartPolicy: "OnFailure" }),
      ...(gate && { readinessGates: [{ conditionType: "example.com/gate" }] }),
    },
    status: { phase: "Pending" },
  };
  const { metadata, spec } = defaultPod(JSON.parse(JSON.stringify(manifest)));
  return { apiVersion: "v1", kind: "Pod", metadata, spec, status: { phase: "Pending" } } as unknown as Pod;
}

/** What a kubelet says and does of the pods, and how many of them rest in the end. */
function life(shapes: readonly Shape[], blows: readonly Blow[], rests: boolean): { lines: string[]; resting: number } {
  const bench = new Bench({ rests });
  for (const [nth, shape] of shapes.entries()) bench.put(podOf(shape, nth));
  for (const one of blows) bench.loop.schedule(one.atMs * 1000, phase.world, run, () => bench.strike(one));
  bench.loop.step(1_000_000, 90_000_000);
  const resting = shapes.filter((_, nth) => bench.kubelet.workers.rests(`uid-${nth}`)).length;
  return { lines: bench.lines, resting };
}

describe("pods at rest", () => {
  const probed: Shape = {
    mains: [{ readinessProbe: probe, livenessProbe: probe, startupProbe: probe }],
    sidecar: unprobed,
    init: true,
    gate: false,
    completes: false,
  };

  it("have no worker once all that they do is told and shown", () => {
    expect(life([probed], [], true).resting).toBe(1);
    expect(life([probed], [], false).resting).toBe(0);
  });

  it("have no worker again after something happened to them", () => {
    const blows: readonly Blow[] = [
      { atMs: 10_000, what: "ill", nth: 0 },
      { atMs: 11_000, what: "well", nth: 0 },
      { atMs: 20_000, what: "label", nth: 0 },
      { atMs: 30_000, what: "tell", nth: 0 },
    ];
    const { lines, resting } = life([probed], blows, true);
    expect(resting).toBe(1);
    expect(lines.some((line) => line.includes('"fail"'))).toBe(true);
  });

  it("live as those that never rest", () => {
    fc.assert(
      fc.property(
        fc.array(podShape, { minLength: 1, maxLength: 3 }),
        fc.array(blow, { maxLength: 8 }),
        (shapes, blows) => {
          expect(life(shapes, blows, true).lines).toEqual(life(shapes, blows, false).lines);
        },
      ),
      {
        numRuns: 150,
        examples: [
          [
            [probed],
            [
              { atMs: 20_000, what: "condition", nth: 0 },
              { atMs: 25_000, what: "sync", nth: 0 },
            ],
          ],
        ],
      },
    );
  });
});

describe("rows of numbers", () => {
  it("are read as they were written, and their place is used again", () => {
    const row = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constant(Number.NEGATIVE_INFINITY)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(row, fc.nat({ max: 20 })), { maxLength: 60 }), (steps) => {
        const rows = new Rows();
        const kept: { readonly at: number; readonly row: readonly number[] }[] = [];
        const same = (read: Row, wanted: readonly number[]): void =>
          expect(wanted.map(() => read.next())).toEqual(wanted);
        for (const step of steps) {
          if (typeof step !== "number") kept.push({ at: rows.put(step), row: step });
          else if (kept.length > 0) {
            const [{ at, row: wanted }] = kept.splice(step % kept.length, 1) as [(typeof kept)[number]];
            same(rows.take(at), wanted);
          }
        }
        for (const { at, row: wanted } of kept) same(rows.take(at), wanted);
      }),
    );
  });

  it("take no more room than there ever were at once", () => {
    const rows = new Rows();
    const first = rows.put([1, 2, 3]);
    rows.take(first);
    expect(rows.put([4, 5, 6])).toBe(first);
    expect(rows.put([7, 8, 9])).not.toBe(first);
  });
});
