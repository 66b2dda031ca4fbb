import {
  controllerRevisionHash,
  controllerRevisionName,
  deploymentBounds,
  dumpTemplate,
  humanDuration,
  type IntOrString,
  IntOrStringError,
  podTemplateHash,
  resolveFenceposts,
  safeEncodeString,
  scaledIntOrPercent,
  shortHumanDuration,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

export function age(recordings: Recordings): Iterable<CaseResult> {
  interface AgeLine extends RecordedLine {
    readonly ms: number;
    readonly human: string;
    readonly short: string;
  }
  return replayLines<AgeLine>(recordings, "age", ({ ms, human, short }) =>
    firstDifference({ human, short }, { human: humanDuration(ms), short: shortHumanDuration(ms) }),
  );
}

interface RollingLine extends RecordedLine {
  readonly maxSurge: IntOrString;
  readonly maxUnavailable: IntOrString;
  readonly replicas: number;
  readonly total: number;
  readonly value: IntOrString;
  readonly roundUp: boolean;
}

export function rolling(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<RollingLine>(recordings, "rolling", (line) => {
    const { id, op, maxSurge, maxUnavailable, replicas, total, value, roundUp, ...expected } = line;
    if (op === "scaledValue") return firstDifference(expected, scaled(line));
    if (op === "scaledBoth") {
      const [up, down] = [scaledIntOrPercent(value, total, true), scaledIntOrPercent(value, total, false)];
      return firstDifference(expected, { up, down });
    }
    const resolved = resolveFenceposts(maxSurge, maxUnavailable, replicas);
    const effective = deploymentBounds(maxSurge, maxUnavailable, replicas);
    return firstDifference(expected, {
      surge: resolved.maxSurge,
      unavailable: resolved.maxUnavailable,
      effectiveMaxSurge: effective.maxSurge,
      effectiveMaxUnavailable: effective.maxUnavailable,
    });
  });
}

function scaled({ value, total, roundUp }: RollingLine): unknown {
  try {
    return { result: scaledIntOrPercent(value, total, roundUp) };
  } catch (error) {
    if (error instanceof IntOrStringError) return { error: error.message, result: 0 };
    throw error;
  }
}

interface HashLine extends RecordedLine {
  readonly template: object;
  readonly data: string;
  readonly statefulSetName: string;
  readonly collisionCount: number;
  readonly in: string;
  readonly out: string;
  readonly name: string;
  readonly hashLabel: string;
  readonly hash: string;
  readonly collision0: string;
  readonly collision1: string;
  readonly collision2: string;
  readonly dump?: string;
}

export function templateHash(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<HashLine>(recordings, "template-hash", (line) => {
    const { template, name, hashLabel, hash, collision0, collision1, collision2, dump } = line;
    switch (line.op) {
      case "safeEncode":
        return firstDifference(line.out, safeEncodeString(line.in));
      case "controllerRevision": {
        const label = controllerRevisionHash(line.data, line.collisionCount);
        const revision = controllerRevisionName(line.statefulSetName, label);
        return firstDifference({ name, hashLabel }, { name: revision, hashLabel: label });
      }
      default: {
        const answer = {
          dump: dump === undefined ? undefined : dumpTemplate(template),
          hash: podTemplateHash(template),
          collision0: podTemplateHash(template, 0),
          collision1: podTemplateHash(template, 1),
          collision2: podTemplateHash(template, 2),
        };
        return firstDifference({ dump, hash, collision0, collision1, collision2 }, answer);
      }
    }
  });
}
