import { describe, expect, it } from "vitest";
import { incidentsOf, type Loss } from "../../src/report/incidents.ts";
import type { PodHistory } from "../../src/report/pod-histories.ts";
import { type Resize, rises } from "../../src/report/rises.ts";
import type { Incident } from "../../src/report/run-result.ts";
import type { Evidence } from "../../src/report/story.ts";

const second = 1_000_000;
const workload = "default/deployment/web";

/** Instants in seconds. */
interface Life {
  readonly created: number;
  /** Default: when it was created. */
  readonly bound?: number | "never";
  readonly ready?: number;
  readonly unready?: number;
  readonly gone?: number;
  readonly starts?: readonly number[];
  readonly backOffs?: readonly number[];
}

/** What is known of pods `web-0`, `web-1` … on machine `m`; `ready`: how many were ready from when on. */
function evidenceOf(lives: readonly Life[], ready: readonly (readonly [number, number])[]): Evidence {
  const us = (at: number | undefined): number | undefined => (at === undefined ? undefined : at * second);
  const pods = lives.map(
    ({ created, bound: boundAt = created, ready: readyAt, unready, gone, starts = [], backOffs = [] }, nth) => {
      const bound = boundAt === "never" ? undefined : boundAt;
      return {
        ...{ uid: `u${nth}`, key: `default/web-${nth}`, workload, daemon: false, node: "m" },
        ...{
          createdUs: us(created),
          boundUs: us(bound),
          pulledUs: us(bound),
          runningUs: us(bound),
          readyUs: us(readyAt),
        },
        ...{ unreadyUs: us(unready), deletingUs: us(gone), goneUs: us(gone) },
        ...{ startsUs: starts.map((at) => at * second), backOffsUs: backOffs.map((at) => at * second) },
      };
    },
  ) as unknown as PodHistory[];
  const changes = { atUs: ready.map(([at]) => at * second), ready: ready.map(([, count]) => count) };
  const readyAt = (_: string, at: number): number => ready.findLast(([from]) => from * second <= at)?.[1] ?? 0;
  return {
    histories: { all: () => pods, readiness: new Map([[workload, changes]]), readyAt },
    cluster: { nodeReadyUs: new Map(), nodeUnreadyUs: new Map() },
    ...{ startUs: 0, endUs: 600 * second, unroutedUs: new Map(), failedBetween: () => 0 },
  } as unknown as Evidence;
}

const loss = (what: string, pod: number, at: number): Loss => ({
  ...{ what, subject: `default/web-${pod}`, machines: [], pods: [`default/web-${pod}`], atUs: at * second },
});

const rows = ({ stages }: Incident): [string, number][] => stages.map(({ name, atSeconds }) => [name, atSeconds]);

describe("the story of a loss", () => {
  it("is one for all kills of a pod before it is ready again", () => {
    const pod: Life = { created: 0, ready: 1, starts: [1, 101, 121], backOffs: [110] };
    const evidence = evidenceOf(
      [pod],
      [
        [1, 1],
        [100, 0],
        [130, 1],
      ],
    );
    const kills = [100, 105, 400].map((at) => loss("OOM kill", 0, at));
    const [first, later] = incidentsOf(kills, 12, evidence);
    expect(first!.title).toBe("OOM kill of default/web-0, 2 times");
    expect(rows(first!)).toEqual([
      ["OOMKilled", 100],
      ["detected", 100],
      ["restarted", 101],
      ["OOMKilled again", 105],
      ["CrashLoopBackOff", 121],
      ["ready", 130],
      ["recovered", 130],
    ]);
    expect(later!.title).toBe("OOM kill of default/web-0");
  });

  it("goes on with the next successor when one goes before it is ready", () => {
    const lives: Life[] = [
      { created: 0, ready: 1, unready: 102, gone: 102 },
      { created: 103, gone: 112 },
      { created: 113, ready: 140 },
      { created: 300, ready: 310 },
    ];
    const evidence = evidenceOf(lives, [
      [1, 1],
      [100, 0],
      [140, 1],
      [310, 2],
    ]);
    const [incident] = incidentsOf([loss("eviction", 0, 100)], 12, evidence);
    expect(rows(incident!)).toEqual([
      ["eviction", 100],
      ["detected", 102],
      ["decided", 102],
      ["lost again", 112],
      ["created", 113],
      ["scheduled", 113],
      ["image pulled", 113],
      ["started", 113],
      ["ready", 140],
      ["recovered", 140],
    ]);
    expect([incident!.longestStage, incident!.recoverySeconds]).toEqual(["ready", 40]);
  });

  it("is over with the outage that it falls into, though it made nothing worse", () => {
    const lives: Life[] = [
      { created: 0, ready: 1, unready: 102, gone: 102 },
      { created: 103, gone: 112 },
      { created: 113, ready: 140 },
    ];
    const evidence = evidenceOf(lives, [
      [1, 1],
      [100, 0],
      [140, 1],
    ]);
    const losses = [loss("eviction", 0, 100), loss("eviction", 1, 110)];
    expect(incidentsOf(losses, 12, evidence).map(({ recoverySeconds }) => recoverySeconds)).toEqual([40, 30]);
  });

  it("names the stage that did not come before the run's end, however early it began to wait for it", () => {
    const lives: Life[] = [
      { created: 0, ready: 1, unready: 102, gone: 102 },
      { created: 103, bound: "never" },
    ];
    const evidence = evidenceOf(lives, [
      [1, 1],
      [100, 0],
    ]);
    const [incident] = incidentsOf([loss("eviction", 0, 100)], 12, evidence);
    expect(incident!.recoverySeconds).toBeNull();
    expect(incident!.longestStage).toBe("scheduled");
    expect(incident!.stages.at(-1)).toMatchObject({
      name: "scheduled",
      atSeconds: 600,
      detail: "not by the end of the run",
    });
  });
});

describe("the story of a rise", () => {
  const resize = (at: number, from: number, to: number): Resize => ({ atUs: at * second, workload, from, to });
  const titles = (resizes: readonly Resize[]): string[] =>
    rises(resizes, evidenceOf([], [])).map(({ title }) => title.slice(workload.length + 1));

  it.each([
    { resizes: [resize(10, 4, 3)], told: [], because: "it is a step down" },
    {
      resizes: [resize(10, 2, 4), resize(25, 4, 8)],
      told: ["scaled from 2 to 8"],
      because: "one step follows another",
    },
    {
      resizes: [resize(10, 2, 4), resize(310, 4, 8)],
      told: ["scaled from 2 to 4", "scaled from 4 to 8"],
      because: "five minutes were quiet",
    },
    {
      resizes: [resize(10, 2, 4), resize(25, 4, 3), resize(40, 3, 5)],
      told: ["scaled from 2 to 4", "scaled from 3 to 5"],
      because: "a step down lies between",
    },
  ])("is $told, as $because", ({ resizes, told }) => {
    expect(titles(resizes)).toEqual(told);
  });

  it("is of the pods that it wanted, not of those that came for lost ones, and names what set it back", () => {
    const lives: Life[] = [
      { created: 0, ready: 1, unready: 15, gone: 60 },
      { created: 10, ready: 20 },
      { created: 60, ready: 90 },
    ];
    const evidence = evidenceOf(lives, [
      [1, 1],
      [15, 0],
      [20, 1],
      [90, 2],
    ]);
    const [incident] = rises([resize(10, 1, 2)], evidence);
    expect(rows(incident!)).toEqual([
      ["first decision", 10],
      ["decided", 10],
      ["created", 10],
      ["scheduled", 10],
      ["image pulled", 10],
      ["started", 10],
      ["set back", 15],
      ["ready", 20],
      ["made good", 90],
      ["recovered", 90],
    ]);
    expect(incident!.longestStage).toBe("made good");
  });
});
