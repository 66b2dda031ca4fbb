import {
  canonicalQuantity,
  EvictionConfigError,
  milliValue,
  parseEvictionThresholds,
  quantityText,
  value,
} from "../model/index.ts";
import type { Threshold } from "./eviction-signals.ts";
import { thresholdAmount } from "./eviction-signals.ts";
import {
  defaultEvictionHard,
  defaultKubeletConfiguration,
  type KubeletConfiguration,
} from "./kubelet-configuration.ts";
import type { ShutdownGroup } from "./shutdown-manager.ts";

type Texts = Readonly<Record<string, string>>;

/** Fields of `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1, 1.36) under upstream's names; durations in microseconds. Absent: upstream's default. */
export interface KubeletSettings {
  readonly maxPods?: number;
  /** −1 is no bound. */
  readonly podPidsLimit?: number;
  readonly serializeImagePulls?: boolean;
  readonly maxParallelImagePulls?: number;
  readonly crashLoopBackOff?: { readonly maxContainerRestartPeriod?: number };
  readonly evictionHard?: Texts;
  readonly evictionSoft?: Texts;
  readonly evictionSoftGracePeriod?: Readonly<Record<string, number>>;
  readonly evictionMinimumReclaim?: Texts;
  readonly evictionPressureTransitionPeriod?: number;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod?: number;
  readonly mergeDefaultEvictionSettings?: boolean;
  readonly imageGCHighThresholdPercent?: number;
  readonly imageGCLowThresholdPercent?: number;
  readonly imageMinimumGCAge?: number;
  readonly imageMaximumGCAge?: number;
  readonly nodeStatusMaxImages?: number;
  readonly kubeReserved?: Texts;
  readonly systemReserved?: Texts;
  readonly shutdownGracePeriod?: number;
  readonly shutdownGracePeriodCriticalPods?: number;
  readonly shutdownGracePeriodByPodPriority?: readonly {
    readonly priority: number;
    readonly shutdownGracePeriodSeconds: number;
  }[];
}

/** What is wrong with settings: where, what would be right, and what stands there. */
export interface SettingsProblem {
  readonly path: readonly string[];
  readonly expected: string;
  readonly found: unknown;
}

const secondUs = 1_000_000;
const systemCriticalPriority = 2_000_000_000;

/** kubelet's configuration of a machine with these settings; everything else as `base` says. */
export function configurationOf(
  settings: KubeletSettings,
  base: KubeletConfiguration = defaultKubeletConfiguration,
): KubeletConfiguration {
  const { maxParallelImagePulls, serializeImagePulls } = settings;
  const unbounded = serializeImagePulls === false ? Number.POSITIVE_INFINITY : undefined;
  return {
    ...base,
    parallelPulls: maxParallelImagePulls ?? unbounded ?? base.parallelPulls,
    maxContainerRestartUs: settings.crashLoopBackOff?.maxContainerRestartPeriod ?? base.maxContainerRestartUs,
    eviction: {
      thresholds: thresholdsOf(settings),
      transitionUs: settings.evictionPressureTransitionPeriod ?? base.eviction.transitionUs,
      maxPodGraceSeconds: settings.evictionMaxPodGracePeriod ?? base.eviction.maxPodGraceSeconds,
    },
    imageGc: {
      highPercent: settings.imageGCHighThresholdPercent ?? base.imageGc.highPercent,
      lowPercent: settings.imageGCLowThresholdPercent ?? base.imageGc.lowPercent,
      minAgeUs: settings.imageMinimumGCAge ?? base.imageGc.minAgeUs,
      maxAgeUs: settings.imageMaximumGCAge ?? base.imageGc.maxAgeUs,
    },
    statusMaxImages: settings.nodeStatusMaxImages ?? base.statusMaxImages,
    podPidsLimit: settings.podPidsLimit ?? base.podPidsLimit,
    shutdown: shutdownGroups(settings),
  };
}

const signalsOf = {
  bytes: ["nodefs.available", "imagefs.available"],
  inodes: ["nodefs.inodesFree", "imagefs.inodesFree"],
  processes: ["pid.available"],
} as const;

/** Used amounts at which an eviction threshold is met, or images are to be collected. */
export function noticedAmounts(
  { eviction, imageGc }: KubeletConfiguration,
  what: keyof typeof signalsOf,
  capacity: number,
): number[] {
  const signals: readonly string[] = signalsOf[what];
  const own = eviction.thresholds.filter(({ signal }) => signals.includes(signal));
  return [
    ...(what === "bytes" ? [Math.ceil((capacity * imageGc.highPercent) / 100)] : []),
    ...own.map((threshold) => capacity - thresholdAmount(threshold, capacity)),
  ];
}

function thresholdsOf(settings: KubeletSettings): Threshold[] {
  const { evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {} } = settings;
  const minReclaim = ({ signal }: { readonly signal: string }): string | undefined => evictionMinimumReclaim[signal];
  const hard = parseEvictionThresholds(hardEvictionOf(settings)).map((threshold) => ({
    ...threshold,
    hard: true,
    graceUs: 0,
    minReclaim: minReclaim(threshold),
  }));
  const soft = parseEvictionThresholds(evictionSoft).map((threshold) => ({
    ...threshold,
    hard: false,
    graceUs: evictionSoftGracePeriod[threshold.signal] ?? 0,
    minReclaim: minReclaim(threshold),
  }));
  return [...hard, ...soft];
}

/** Naming any hard threshold switches the other defaults off, unless they are to be merged. */
function hardEvictionOf({ evictionHard, mergeDefaultEvictionSettings }: KubeletSettings): Texts {
  if (evictionHard === undefined) return defaultEvictionHard;
  return mergeDefaultEvictionSettings === true ? { ...defaultEvictionHard, ...evictionHard } : evictionHard;
}

/** Without groups by priority: ordinary pods, then critical ones. */
function shutdownGroups(settings: KubeletSettings): ShutdownGroup[] {
  const { shutdownGracePeriod = 0, shutdownGracePeriodCriticalPods = 0, shutdownGracePeriodByPodPriority } = settings;
  if (shutdownGracePeriodByPodPriority !== undefined) {
    const groups = shutdownGracePeriodByPodPriority.map(({ priority, shutdownGracePeriodSeconds: seconds }) => ({
      priority,
      seconds,
    }));
    return groups.sort((left, right) => left.priority - right.priority);
  }
  if (shutdownGracePeriod === 0) return [];
  return [
    { priority: 0, seconds: Math.floor((shutdownGracePeriod - shutdownGracePeriodCriticalPods) / secondUs) },
    { priority: systemCriticalPriority, seconds: Math.floor(shutdownGracePeriodCriticalPods / secondUs) },
  ];
}

interface Size {
  readonly capacity: Texts;
  readonly allocatable: Texts;
}

/**
 * Capacity and allocatable of a machine under these settings: capacity less what is reserved and less the hard eviction
 * thresholds of memory and disk. Without `kubeReserved` the machine type's own reservation stays.
 */
export function sizeWith({ capacity, allocatable }: Size, settings: KubeletSettings): Size {
  const { maxPods, kubeReserved, systemReserved = {}, evictionHard } = settings;
  const named = maxPods ?? kubeReserved ?? settings.systemReserved ?? evictionHard;
  if (named === undefined) return { capacity, allocatable };
  const pods: Texts = maxPods === undefined ? {} : { pods: String(maxPods) };
  const size: { capacity: Texts; allocatable: Record<string, string> } = {
    capacity: { ...capacity, ...pods },
    allocatable: { ...allocatable, ...pods },
  };
  if (kubeReserved === undefined && settings.systemReserved === undefined && evictionHard === undefined) return size;
  const hard = new Map(parseEvictionThresholds(hardEvictionOf(settings)).map((one) => [one.signal, one]));
  const defaults = new Map(parseEvictionThresholds(defaultEvictionHard).map((one) => [one.signal, one]));
  for (const [resource, signal] of [
    ["cpu", undefined],
    ["memory", "memory.available"],
    ["ephemeral-storage", "nodefs.available"],
  ] as const) {
    const has = capacity[resource];
    if (has === undefined) continue;
    const amount = resource === "cpu" ? milliValue : value;
    const threshold = (of: typeof hard): number => {
      const one = signal === undefined ? undefined : of.get(signal);
      return one === undefined ? 0 : thresholdAmount(one, amount(has));
    };
    const typical = Math.max(0, amount(has) - amount(allocatable[resource] ?? has) - threshold(defaults));
    const reserved = kubeReserved === undefined ? typical : amount(kubeReserved[resource] ?? "0");
    const left = Math.max(0, amount(has) - reserved - amount(systemReserved[resource] ?? "0") - threshold(hard));
    size.allocatable[resource] = resource === "cpu" ? canonicalQuantity(`${left}m`) : quantityText(left, "BinarySI");
  }
  return size;
}

/** What kubelet's validation (v1.36) would say of the settings; empty when it would start. */
export function settingsProblems(settings: KubeletSettings): SettingsProblem[] {
  return [...evictionProblems(settings), ...shutdownProblems(settings), ...otherProblems(settings)];
}

function evictionProblems(settings: KubeletSettings): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  for (const field of ["evictionHard", "evictionSoft"] as const) {
    for (const [signal, text] of Object.entries(settings[field] ?? {})) {
      try {
        parseEvictionThresholds({ [signal]: text });
      } catch (error) {
        if (!(error instanceof EvictionConfigError)) throw error;
        problems.push({ path: [field, signal], expected: `a threshold (${error.message})`, found: text });
      }
    }
  }
  const { evictionSoft = {}, evictionSoftGracePeriod = {} } = settings;
  for (const [signal, text] of Object.entries(evictionSoft)) {
    if (evictionSoftGracePeriod[signal] === undefined)
      problems.push({
        path: ["evictionSoft", signal],
        expected: "a grace period in evictionSoftGracePeriod",
        found: text,
      });
  }
  for (const [signal, us] of Object.entries(evictionSoftGracePeriod)) {
    if (evictionSoft[signal] === undefined)
      problems.push({ path: ["evictionSoftGracePeriod", signal], expected: "a threshold in evictionSoft", found: us });
  }
  return problems;
}

function shutdownProblems(settings: KubeletSettings): SettingsProblem[] {
  const { shutdownGracePeriod = 0, shutdownGracePeriodCriticalPods = 0, shutdownGracePeriodByPodPriority } = settings;
  const problems: SettingsProblem[] = [];
  for (const field of ["shutdownGracePeriod", "shutdownGracePeriodCriticalPods"] as const) {
    const us = settings[field] ?? 0;
    if (us > 0 && us < secondUs) problems.push({ path: [field], expected: "0 or at least 1s", found: us });
  }
  if (shutdownGracePeriodCriticalPods > shutdownGracePeriod)
    problems.push({
      path: ["shutdownGracePeriodCriticalPods"],
      expected: "at most shutdownGracePeriod",
      found: shutdownGracePeriodCriticalPods,
    });
  if (
    shutdownGracePeriodByPodPriority !== undefined &&
    (shutdownGracePeriod > 0 || shutdownGracePeriodCriticalPods > 0)
  )
    problems.push({
      path: ["shutdownGracePeriodByPodPriority"],
      expected: "either this or shutdownGracePeriod, not both",
      found: shutdownGracePeriodByPodPriority,
    });
  return problems;
}

function otherProblems(settings: KubeletSettings): SettingsProblem[] {
  const { serializeImagePulls, maxParallelImagePulls = 1, crashLoopBackOff } = settings;
  const problems: SettingsProblem[] = [];
  if (serializeImagePulls === true && maxParallelImagePulls > 1)
    problems.push({
      path: ["maxParallelImagePulls"],
      expected: "1 while serializeImagePulls is true",
      found: maxParallelImagePulls,
    });
  const { highPercent, lowPercent } = defaultKubeletConfiguration.imageGc;
  const { imageGCHighThresholdPercent: high = highPercent, imageGCLowThresholdPercent: low = lowPercent } = settings;
  if (low >= high)
    problems.push({
      path: [
        settings.imageGCLowThresholdPercent === undefined
          ? "imageGCHighThresholdPercent"
          : "imageGCLowThresholdPercent",
      ],
      expected: "imageGCLowThresholdPercent below imageGCHighThresholdPercent",
      found: settings.imageGCLowThresholdPercent ?? high,
    });
  const { imageMaximumGCAge = 0, imageMinimumGCAge = defaultKubeletConfiguration.imageGc.minAgeUs } = settings;
  if (imageMaximumGCAge !== 0 && imageMaximumGCAge <= imageMinimumGCAge)
    problems.push({
      path: ["imageMaximumGCAge"],
      expected: "0 or more than imageMinimumGCAge",
      found: imageMaximumGCAge,
    });
  const longest = crashLoopBackOff?.maxContainerRestartPeriod;
  if (longest !== undefined && (longest < secondUs || longest > 300 * secondUs))
    problems.push({
      path: ["crashLoopBackOff", "maxContainerRestartPeriod"],
      expected: "between 1s and 300s",
      found: longest,
    });
  return problems;
}
