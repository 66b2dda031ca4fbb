import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { NewObject } from "../apiserver/index.ts";
import { type Complaint, shown } from "./complaint.ts";
import type { TracedPod, WorkloadBehavior } from "./scenario.ts";

/** One line of a trace. */
const line = z.strictObject({
  /** Seconds after the start of the run. */
  at: z.number().min(0),
  /** Seconds from the start of its container to its end. */
  run: z.number().min(0),
  name: z.string(),
  namespace: z.string().default("default"),
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string() })).min(1) }),
});

interface PodTrace {
  readonly pods: readonly TracedPod[];
  /** How long each of them runs. */
  readonly behaviors: readonly WorkloadBehavior[];
  readonly complaints: readonly Complaint[];
}

/** Bare pods with their instants, one JSON object a line: `{"at":1.5,"run":60,"name":"p","spec":{…}}`. */
export function readPodTrace(folder: string, file: string | undefined, startUs: number): PodTrace {
  const pods: TracedPod[] = [];
  const behaviors: WorkloadBehavior[] = [];
  const complaints: Complaint[] = [];
  const complain = (row: number, expected: string, found: string): void => {
    const code = row === 0 ? "MISSING_FILE" : "BAD_TRACE";
    complaints.push({ code, at: { file: file!, line: Math.max(row, 1), column: 1 }, path: "", expected, found });
  };
  if (file !== undefined && !existsSync(join(folder, file))) complain(0, "a trace that exists", shown(file));
  else if (file !== undefined) {
    const lines = readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
    for (const [index, text] of lines.entries()) {
      const pod = parseLine(text);
      if (typeof pod === "string") {
        complain(index + 1, 'a pod such as {"at":1.5,"run":60,"name":"p","spec":{…}}', pod);
        continue;
      }
      const { at, run, name, namespace, spec } = pod;
      const object = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec } as NewObject;
      pods.push({ atUs: startUs + Math.round(at * 1_000_000), object });
      const exit = { after: { medianUs: Math.round(run * 1_000_000) }, code: 0 };
      behaviors.push({ namespace, workload: `pod/${name}`, behavior: { calls: [], exit } });
    }
  }
  pods.sort((left, right) => left.atUs - right.atUs);
  return { pods, behaviors, complaints };
}

/** The pod of a line, or what is wrong with it. */
function parseLine(text: string): z.output<typeof line> | string {
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : parsed.error.issues[0]!.message;
  } catch {
    return shown(text);
  }
}
