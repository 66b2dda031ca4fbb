import {
  ConfigurationError,
  type ExtensionPoint,
  Framework,
  loadConfiguration,
  pluginRegistry,
  Snapshot,
} from "../../src/scheduler/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";

export interface ConfigurationCase {
  readonly name: string;
  readonly config: unknown;
  readonly stage?: string;
  readonly error?: string;
  readonly profiles?: readonly Readonly<Record<string, unknown>>[];
  readonly [setting: string]: unknown;
}

const points: readonly ExtensionPoint[] = [
  "preEnqueue",
  "preFilter",
  "filter",
  "postFilter",
  "preScore",
  "score",
  "reserve",
  "permit",
  "preBind",
  "bind",
  "postBind",
];

export function replayConfiguration(recorded: ConfigurationCase): CaseResult {
  const id = recorded.name;
  const difference = differenceOf(recorded);
  return difference === undefined ? { group: "configurations", id } : { group: "configurations", id, difference };
}

function differenceOf({ config, stage, error, name: _name, ...wanted }: ConfigurationCase): string | undefined {
  const got = load(config);
  if (!(got instanceof ConfigurationError)) {
    return stage === undefined ? firstDifference(ordered(wanted), ordered(got)) : `$: expected ${stage} error, got none`;
  }
  if (stage !== got.stage) return `$.stage: expected ${stage}, got ${got.stage}: ${got.message}`;
  // Upstream's wording is not compared, but where a field is named it must be the same one.
  const field = fieldIn(error ?? "");
  return field === "" || field === got.field ? undefined : `$.field: expected ${field}, got ${got.field}`;
}

/** The path that an error text begins with, after what says where it comes from. */
function fieldIn(error: string): string {
  const text = error.replace(/^\[/, "").replace(/^initializing profiles: .*?: (initializing plugin ".*?": )?/, "");
  return /^([A-Za-z]+(\[\d+\])?(\.[A-Za-z]+(\[\d+\])?)*): /.exec(text)?.[1] ?? "";
}

/** preEnqueue runs in map order: compared as a set. */
function ordered(configuration: unknown): unknown {
  const { profiles = [], ...rest } = configuration as { profiles?: readonly Record<string, unknown>[] };
  return {
    ...rest,
    profiles: profiles.map((profile) => ({
      ...profile,
      preEnqueue: [...((profile["preEnqueue"] as readonly string[]) ?? [])].sort(),
    })),
  };
}

function load(config: unknown): unknown {
  try {
    const { profiles, ...settings } = loadConfiguration(config);
    return {
      ...settings,
      profiles: profiles.map((profile) => {
        const framework = new Framework(profile, pluginRegistry(), new Snapshot());
        const lists = points.map((point) => [point, framework.plugins[point].map(({ name }) => name)] as const);
        return {
          ...Object.fromEntries(lists.filter(([point, names]) => names.length > 0 || listedEmpty.has(point))),
          schedulerName: profile.schedulerName,
          percentageOfNodesToScore: profile.percentageOfNodesToScore,
          weights: Object.fromEntries(framework.weights),
        };
      }),
    };
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

/** Points that the recording lists also when nothing runs there. */
const listedEmpty: ReadonlySet<ExtensionPoint> = new Set([
  "preEnqueue",
  "preFilter",
  "filter",
  "postFilter",
  "preScore",
  "score",
  "reserve",
  "preBind",
  "bind",
]);
