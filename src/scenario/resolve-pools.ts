import { machineTypes, type NodePool, plainMachineType } from "../cloud/index.ts";
import { milliValue, quantityProblem, value } from "../model/index.ts";
import type { MachineType } from "../world/index.ts";
import type { Complain } from "./complaint.ts";
import type { Scenario } from "./scenario.ts";
import type { CloudText, NodePoolText } from "./scenario-schema.ts";

/**
 * A spot price nobody declared, as a share of the on-demand price: the median over 433 types in us-east-1 on 2022-05-31
 * (quartiles 0.30, 0.37, 0.46; ericpauley/aws-spot-price-history @489ad94a against on-demand prices of 2026-07-20).
 */
const usualSpotShare = 0.37;

/** Of a machine that was set up before and stopped; no source was found, so the run says that it was assumed. */
const assumedWarmStart = { medianUs: 10_000_000, p95Us: 16_000_000 };

const micro = (usd: number): number => Math.round(usd * 1_000_000);

/** Node pools as the provider keeps them, at the prices that hold for this scenario. */
export function resolvePools(texts: readonly NodePoolText[], cloud: CloudText, complain: Complain): NodePool[] {
  for (const list of ["prices", "spotPrices"] as const)
    for (const type of Object.keys(cloud[list])) {
      if (machineTypes.has(type) || texts.some(({ name, instanceType }) => (instanceType ?? name) === type)) continue;
      complain("UNKNOWN_INSTANCE_TYPE", ["spec", "cluster", "cloud", list, type], "an instance type", type);
    }
  return texts.map((text, index) => resolvePool(text, texts.slice(0, index), cloud, complain));
}

/** What the provider charges besides machines, and how it behaves. */
export function resolveCloud(cloud: CloudText): Pick<Scenario, "prices" | "providerLimits" | "terminationHandler"> {
  return {
    prices: {
      controlPlanePerHour: micro(cloud.controlPlaneUsdPerHour),
      loadBalancerPerHour: micro(cloud.loadBalancerUsdPerHour),
      crossZonePerGiB: micro(cloud.crossZoneUsdPerGiB),
    },
    providerLimits: cloud.calls,
    terminationHandler: cloud.terminationHandler,
  };
}

function resolvePool(
  text: NodePoolText,
  before: readonly NodePoolText[],
  cloud: CloudText,
  complain: Complain,
): NodePool {
  const path = ["spec", "cluster", "nodePools", before.length];
  const { name, min, zones, taints, spot, warmPool } = text;
  const initial = text.initial ?? min;
  const max = text.max ?? initial;
  if (max < initial) complain("TOO_SMALL", [...path, "max"], `at least the initial size of ${initial}`, max);
  if (initial < min) complain("TOO_SMALL", [...path, "initial"], `at least min, ${min}`, initial);
  if (before.some((other) => other.name === name)) complain("DUPLICATE", [...path, "name"], "a name of its own", name);
  const region = text.region ?? zones[0]!.replace(/-?[a-z]$/, "");
  const machineType = priced(resolveMachineType(text, path, complain), spot !== undefined, cloud);
  // EKS' managed node groups label their nodes so.
  const labels = spot === undefined ? text.labels : { "eks.amazonaws.com/capacityType": "SPOT", ...text.labels };
  return {
    name,
    machineType,
    region,
    zones,
    min,
    max,
    initial,
    labels,
    taints,
    ...(spot && { spot }),
    ...(warmPool && {
      warmPool: {
        size: warmPool.size,
        start: warmPool.start ?? assumedWarmStart,
        microUsdPerHour: micro(warmPool.usdPerHour),
      },
    }),
  };
}

function priced(type: MachineType, spot: boolean, { prices, spotPrices }: CloudText): MachineType {
  const declared = prices[type.name];
  const onDemand = declared === undefined ? type.microUsdPerHour : micro(declared);
  const ofSpot = spotPrices[type.name];
  const microUsdPerHour = !spot
    ? onDemand
    : ofSpot === undefined
      ? Math.round(onDemand * usualSpotShare)
      : micro(ofSpot);
  return microUsdPerHour === type.microUsdPerHour ? type : { ...type, microUsdPerHour };
}

function resolveMachineType(
  { instanceType, machine, name }: NodePoolText,
  path: readonly PropertyKey[],
  complain: Complain,
): MachineType {
  const fallback = machineTypes.values().next().value!;
  if (machine !== undefined) {
    for (const [field, text] of [
      ["cpu", machine.cpu],
      ["memory", machine.memory],
      ...Object.entries(machine.resources).map(([name, text]) => [`resources.${name}`, text] as const),
    ] as const) {
      if (quantityProblem(text) === undefined) continue;
      complain("BAD_QUANTITY", [...path, "machine", field], "a quantity", text);
      return fallback;
    }
    return plainMachineType({
      name: instanceType ?? name,
      cpuMillicores: milliValue(machine.cpu),
      memoryBytes: value(machine.memory),
      pods: machine.pods,
      microUsdPerHour: micro(machine.usdPerHour),
      resources: machine.resources,
    });
  }
  if (instanceType === undefined) {
    complain("MISSING_FIELD", path, "an instanceType or a machine", undefined);
    return fallback;
  }
  const type = machineTypes.get(instanceType);
  if (type === undefined) {
    const family = instanceType.split(".")[0]!;
    const known = [...machineTypes.keys()].filter((known) => known.startsWith(family));
    const hint = known.length > 0 ? known.join(", ") : "m6i.large … (78 EC2 types)";
    complain("UNKNOWN_INSTANCE_TYPE", [...path, "instanceType"], `one of ${hint}`, instanceType);
  }
  return type ?? fallback;
}
