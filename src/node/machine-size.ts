import { canonicalQuantity, milliValue, parseEvictionThresholds, quantityText, value } from "../model/index.ts";
import { thresholdAmount } from "./eviction-signals.ts";
import { defaultEvictionHard } from "./kubelet-configuration.ts";
import { hardEvictionOf, type KubeletSettings } from "./kubelet-settings.ts";

type Texts = Readonly<Record<string, string>>;

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
