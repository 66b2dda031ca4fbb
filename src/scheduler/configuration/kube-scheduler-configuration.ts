/** A plugin as enabled (with a weight for scoring) or disabled (`*`: all). */
export interface PluginReference {
  readonly name: string;
  readonly weight?: number;
}

interface PluginSet {
  readonly enabled?: readonly PluginReference[];
  readonly disabled?: readonly PluginReference[];
}

/** Extension points in the order in which upstream initializes them. */
export const extensionPoints = [
  "preEnqueue",
  "queueSort",
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
] as const;

export type ExtensionPoint = (typeof extensionPoints)[number];

export type ProfilePlugins = { readonly [Point in ExtensionPoint | "multiPoint"]?: PluginSet };

interface PluginConfig {
  readonly name: string;
  readonly args?: unknown;
}

export interface KubeSchedulerProfile {
  readonly schedulerName?: string;
  /** 0..100; 0 is adaptive. Absent: the configuration's. */
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: ProfilePlugins;
  readonly pluginConfig?: readonly PluginConfig[];
}

/** KubeSchedulerConfiguration, kubescheduler.config.k8s.io/v1, as users write it. */
export interface KubeSchedulerConfiguration {
  readonly apiVersion: string;
  readonly kind: "KubeSchedulerConfiguration";
  readonly parallelism?: number;
  readonly percentageOfNodesToScore?: number;
  readonly podInitialBackoffSeconds?: number;
  readonly podMaxBackoffSeconds?: number;
  readonly clientConnection?: { readonly qps?: number; readonly burst?: number };
  readonly profiles?: readonly KubeSchedulerProfile[];
  readonly extenders?: readonly unknown[];
}

/** One scheduler within the scheduler: which plugins run, in which order, with which arguments. */
export interface Profile {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore?: number;
  /** As merged with the defaults; the framework resolves extension points, since only it knows what a plugin implements. */
  readonly multiPoint: readonly PluginReference[];
  readonly points: { readonly [Point in ExtensionPoint]: Required<PluginSet> };
  readonly pluginConfig: ReadonlyMap<string, unknown>;
}

/** A valid configuration with all defaults filled in. */
export interface SchedulerConfiguration {
  readonly parallelism: number;
  /** 0: adaptive to the size of the cluster. */
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  /** Requests to the API server per second, and at once. */
  readonly clientConnection: { readonly qps: number; readonly burst: number };
  readonly profiles: readonly Profile[];
}

/** Where a configuration was refused: while reading it, by its rules, or when the plugins were put together. */
type ConfigurationStage = "decode" | "validate" | "build";

/** The user's configuration cannot be used. `field` is the path of the complaint, "" if it has none. */
export class ConfigurationError extends Error {
  readonly stage: ConfigurationStage;
  readonly field: string;

  constructor(stage: ConfigurationStage, field: string, message: string) {
    super(message);
    this.name = "ConfigurationError";
    this.stage = stage;
    this.field = field;
  }
}
