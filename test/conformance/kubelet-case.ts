import type { Pod } from "../../src/model/index.ts";

/** One recorded line; the rest of its fields depend on `what`. */
export interface Line {
  readonly atMs: number;
  readonly what: string;
  readonly [field: string]: unknown;
}

export interface ProbeSegment {
  readonly fromMs: number;
  readonly result: "ok" | "fail" | "error";
  readonly tookMs?: number;
}

export interface HookPlan {
  readonly tookMs: number;
  readonly exitCode: number;
}

/** What one run of a container does. */
export interface RunPlan {
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  readonly reason?: string;
  readonly onTermMs?: number;
  readonly termExitCode?: number;
  readonly createError?: string;
  readonly startError?: string;
  readonly probes?: Readonly<Partial<Record<"startup" | "liveness" | "readiness", readonly ProbeSegment[]>>>;
  readonly postStart?: HookPlan;
  readonly preStop?: HookPlan;
}

export interface ImagePlan {
  readonly present?: boolean;
  readonly sizeBytes?: number;
  readonly pullMs?: number;
  readonly failures?: readonly { readonly tookMs: number; readonly error: string }[];
  readonly failAlways?: { readonly tookMs: number; readonly error: string };
}

export interface ScriptStep {
  readonly atMs: number;
  readonly op: string;
  readonly pod?: string;
  readonly container?: string;
  readonly name?: string;
  readonly gracePeriodSeconds?: number;
  readonly [field: string]: unknown;
}

/** One line of a recording; README.md beside the recordings describes it. */
export interface KubeletCase {
  readonly id: string;
  readonly group: string;
  readonly unstableAtMs?: readonly number[];
  readonly durationMs: number;
  readonly plegPhaseMs: number;
  readonly kubelet?: Readonly<Record<string, unknown>>;
  readonly reportDraw?: number;
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly node?: Readonly<Record<string, unknown>>;
  readonly delays: Readonly<Record<"runSandboxMs" | "stopSandboxMs" | "createMs" | "startMs", number>>;
  readonly images?: Readonly<Record<string, ImagePlan>>;
  readonly sandboxErrors?: readonly string[];
  readonly pods: readonly Pod[];
  readonly behaviour?: Readonly<Record<string, readonly RunPlan[]>>;
  readonly script: readonly ScriptStep[];
  readonly record?: readonly string[];
  readonly expect: readonly Line[];
}
