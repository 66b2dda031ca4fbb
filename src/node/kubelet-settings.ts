import { parseEvictionThresholds } from "../model/index.ts";
import { type Threshold, thresholdAmount } from "./eviction-signals.ts";
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
  /** Of the managers and of swap only what they mean for resizes is simulated. */
  readonly cpuManagerPolicy?: "none" | "static";
  readonly memoryManagerPolicy?: "None" | "Static";
  readonly memorySwap?: { readonly swapBehavior?: "NoSwap" | "LimitedSwap" };
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
    resizePolicies: {
      cpuManagerPolicy: settings.cpuManagerPolicy ?? base.resizePolicies.cpuManagerPolicy,
      memoryManagerPolicy: settings.memoryManagerPolicy ?? base.resizePolicies.memoryManagerPolicy,
      swapBehavior: settings.memorySwap?.swapBehavior ?? base.resizePolicies.swapBehavior,
    },
    shutdown: shutdownGroups(settings),
  };
}

/** Signals of eviction that an amount of the machine decides. */
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
export function hardEvictionOf({ evictionHard, mergeDefaultEvictionSettings }: KubeletSettings): Texts {
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
