import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CronJob,
  type DaemonSet,
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Job,
  keyOf,
  type Node,
  objectKey,
  type Pod,
  type StatefulSet,
} from "../../src/model/index.ts";
import { type BadLuck, badLuck, befall, withImage, withSpec } from "./bad-luck.ts";
import { ControlPlane, podTemplate } from "./control-plane.ts";

const metadata = { name: "web", namespace: "default" };
const key = objectKey("default", "web");
const selector = { matchLabels: { app: "web" } };
const images = fc.constantFrom("app:1", "app:2", "app:3");

/** Deeds of one kind of workload mixed with bad luck, carried out one after another, then time to come to rest. */
function live<Deed extends object>(
  plane: ControlPlane,
  acts: readonly (Deed | BadLuck)[],
  carryOut: (act: Deed) => void,
  settleUs: number,
): void {
  for (const act of acts) {
    if ("luck" in act) befall(plane, act);
    else if (plane.api.up) carryOut(act); // Nobody gets through while the server is away.
  }
  plane.settle(settleUs);
}

function mixed<Deed extends object>(deed: fc.Arbitrary<Deed>): fc.Arbitrary<(Deed | BadLuck)[]> {
  return fc.array(fc.oneof<fc.Arbitrary<Deed | BadLuck>[]>(deed, badLuck, badLuck), { maxLength: 12 });
}

function activePods(plane: ControlPlane): Pod[] {
  return plane.list<Pod>("Pod").filter(isPodActive);
}

function deleteJob(plane: ControlPlane, job: Job | undefined): void {
  if (job === undefined) return;
  const options = { propagationPolicy: "Background" } as const;
  plane.api.handle({ verb: "delete", kind: "Job", key: objectKey("default", job.metadata.name), options });
}

describe("a StatefulSet", () => {
  const deed = fc.oneof(fc.record({ replicas: fc.nat(4) }), fc.record({ image: images }));

  it.each(["OrderedReady", "Parallel"])("(%s) comes to rest with its ordinals and its revision", (policy) => {
    fc.assert(
      fc.property(mixed(deed), (acts) => {
        const plane = new ControlPlane();
        const model = { replicas: 2, image: "app:1" };
        const spec = { replicas: 2, selector, serviceName: "web", podManagementPolicy: policy };
        plane.create({
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          metadata,
          spec: { ...spec, template: podTemplate("web") },
        });
        const carryOut = (act: Partial<typeof model>): void => {
          Object.assign(model, act);
          plane.patch("StatefulSet", key, "main", (stored: StatefulSet) =>
            act.image === undefined ? withSpec(stored, act) : withImage(stored, act.image),
          );
        };
        live(plane, acts, carryOut, 400_000_000);
        // An orderly way down waits for a lower pod that has failed, for ever, as upstream: a person takes it away.
        for (const pod of plane.list<Pod>("Pod").filter(isPodTerminal))
          plane.api.handle({ verb: "delete", kind: "Pod", key: keyOf(pod) });
        plane.settle(400_000_000);
        const pods = activePods(plane);
        const ordinals = Array.from({ length: model.replicas }, (_, ordinal) => `web-${ordinal}`);
        expect(pods.map((pod) => pod.metadata.name).sort()).toEqual(ordinals);
        expect(pods.every(isPodReady)).toBe(true);
        expect(pods.map((pod) => pod.spec.containers[0]!.image)).toEqual(pods.map(() => model.image));
        const { status, metadata: own } = plane.list<StatefulSet>("StatefulSet")[0]!;
        expect(status.observedGeneration).toBe(own.generation);
        expect(status.replicas ?? 0).toBe(model.replicas);
        expect(status.readyReplicas ?? 0).toBe(model.replicas);
        expect(status.currentRevision).toBe(status.updateRevision);
      }),
      {
        numRuns: 60,
        examples: [
          [
            [
              { luck: "wait", forMs: 28 },
              { luck: "fail a pod", pod: 0 },
              { luck: "fail a pod", pod: 0 },
              { replicas: 0 },
            ],
          ],
        ],
      },
    );
  });
});

describe("a DaemonSet", () => {
  const deed = fc.oneof(
    fc.record({ image: images }),
    fc.record({ node: fc.constantFrom("n1", "n2", "n3"), role: fc.constantFrom("worker", "other") }),
  );

  it.each([{ maxUnavailable: 1 }, { maxUnavailable: 0, maxSurge: 1 }])(
    "(%o) comes to rest with one pod on every node it wants",
    (rollingUpdate) => {
      fc.assert(
        fc.property(mixed(deed), (acts) => {
          const plane = new ControlPlane();
          const model = { image: "app:1", roles: new Map<string, string>() };
          const label = (node: string, role: string): void => {
            model.roles.set(node, role);
            plane.patch("Node", objectKey(undefined, node), "main", (stored: Node) => ({
              ...stored,
              metadata: { ...stored.metadata, labels: { role } },
            }));
          };
          for (const node of ["n1", "n2", "n3"]) label(node, "worker");
          const { metadata: labels, spec: podSpec } = podTemplate("web");
          const template = { metadata: labels, spec: { ...podSpec, nodeSelector: { role: "worker" } } };
          const spec = { selector, updateStrategy: { type: "RollingUpdate", rollingUpdate }, template };
          plane.create({ apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec });
          const carryOut = (act: { image: string } | { node: string; role: string }): void => {
            if ("node" in act) {
              label(act.node, act.role);
            } else {
              model.image = act.image;
              plane.patch("DaemonSet", key, "main", (stored: DaemonSet) => withImage(stored, act.image));
            }
          };
          live(plane, acts, carryOut, 2_000_000_000);
          const workers = [...model.roles].filter(([, role]) => role === "worker").map(([node]) => node);
          const pods = activePods(plane);
          expect(pods.map(({ spec: { nodeName } }) => nodeName).sort()).toEqual(workers);
          expect(pods.every(isPodReady)).toBe(true);
          expect(pods.map((pod) => pod.spec.containers[0]!.image)).toEqual(pods.map(() => model.image));
          const { status, metadata: own } = plane.list<DaemonSet>("DaemonSet")[0]!;
          expect(status).toMatchObject({
            desiredNumberScheduled: workers.length,
            currentNumberScheduled: workers.length,
            numberReady: workers.length,
            numberMisscheduled: 0,
            observedGeneration: own.generation,
          });
          expect(status.updatedNumberScheduled ?? 0).toBe(workers.length);
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe("a Job", () => {
  const deed = fc.oneof(
    fc.record({ suspend: fc.boolean() }),
    fc.record({ parallelism: fc.integer({ min: 1, max: 4 }) }),
  );

  it.each(["NonIndexed", "Indexed"])("(%s) completes as often as it is to, and lets its pods go", (completionMode) => {
    fc.assert(
      fc.property(mixed(deed), (acts) => {
        const plane = new ControlPlane();
        const { metadata: labels, spec: podSpec } = podTemplate("web");
        const template = { metadata: labels, spec: { ...podSpec, restartPolicy: "Never" } };
        const spec = { completions: 5, parallelism: 2, completionMode, backoffLimit: 100, template };
        plane.create({ apiVersion: "batch/v1", kind: "Job", metadata, spec });
        const carryOut = (act: object): void => {
          plane.patch("Job", key, "main", (stored: Job) => withSpec(stored, act));
        };
        live(plane, acts, carryOut, 5_000_000);
        plane.patch("Job", key, "main", (stored: Job) => withSpec(stored, { suspend: false }));
        plane.settle(12_000_000_000); // Failures wait for up to ten minutes each.
        const { status } = plane.list<Job>("Job")[0]!;
        const conditions = status.conditions
          ?.filter((condition) => condition.status === "True")
          .map(({ type }) => type);
        expect(conditions).toContain("Complete");
        expect(status.succeeded).toBe(5);
        expect(status.active ?? 0).toBe(0);
        expect(status.uncountedTerminatedPods ?? {}).toEqual({});
        const pods = plane.list<Pod>("Pod");
        expect(pods.filter(isPodActive)).toEqual([]);
        expect(pods.flatMap((pod) => pod.metadata.finalizers ?? [])).toEqual([]);
        if (completionMode === "Indexed") expect(status.completedIndexes).toBe("0-4");
      }),
      // A surplus pod that could not be let go was waited for for ever.
      {
        numRuns: 60,
        examples: [
          [
            [
              { luck: "outage", forMs: 7 },
              { luck: "wait", forMs: 2025 },
              { parallelism: 1 },
              { luck: "outage", forMs: 9 },
            ],
          ],
        ],
      },
    );
  });
});

describe("a CronJob", () => {
  const deed = fc.oneof(
    fc.record({ suspend: fc.boolean() }),
    fc.record({ forS: fc.nat(90) }),
    fc.record({ delete: fc.nat(3) }),
  );

  it.each(["Allow", "Forbid", "Replace"])(
    "(%s) has started at the last beat and keeps no more than its history",
    (policy) => {
      fc.assert(
        fc.property(mixed(deed), (acts) => {
          const plane = new ControlPlane();
          const { metadata: labels, spec: podSpec } = podTemplate("web");
          const template = { metadata: labels, spec: { ...podSpec, restartPolicy: "Never" } };
          const spec = { schedule: "* * * * *", concurrencyPolicy: policy, jobTemplate: { spec: { template } } };
          plane.create({ apiVersion: "batch/v1", kind: "CronJob", metadata, spec });
          const carryOut = (act: { suspend: boolean } | { forS: number } | { delete: number }): void => {
            if ("forS" in act) plane.settle(act.forS * 1_000_000);
            else if ("suspend" in act) plane.patch("CronJob", key, "main", (stored: CronJob) => withSpec(stored, act));
            else deleteJob(plane, plane.list<Job>("Job")[act.delete]);
          };
          live(plane, acts, carryOut, 5_000_000);
          plane.patch("CronJob", key, "main", (stored: CronJob) => withSpec(stored, { suspend: false }));
          // Until half a minute after a beat, long enough for failed pods to have been replaced.
          const nowUs = plane.loop.nowUs + 300_000_000;
          plane.settle(nowUs - (nowUs % 60_000_000) + 30_000_000 - plane.loop.nowUs);
          const { status } = plane.list<CronJob>("CronJob")[0]!;
          const beat = plane.api.store.clock.time(plane.loop.nowUs - (plane.loop.nowUs % 60_000_000));
          expect(status.lastScheduleTime).toBe(beat);
          expect(status.active ?? []).toEqual([]);
          expect(status.lastSuccessfulTime! >= beat).toBe(true);
          expect(plane.list<Job>("Job")).toHaveLength(3);
        }),
        { numRuns: 20 },
      );
    },
  );
});
