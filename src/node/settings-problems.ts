import { EvictionConfigError, parseEvictionThresholds } from "../model/index.ts";
import { defaultKubeletConfiguration } from "./kubelet-configuration.ts";
import type { KubeletSettings } from "./kubelet-settings.ts";

/** What is wrong with settings: where, what would be right, and what stands there. */
export interface SettingsProblem {
  readonly path: readonly string[];
  readonly expected: string;
  readonly found: unknown;
}

const secondUs = 1_000_000;

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
