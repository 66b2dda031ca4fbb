import type { MachineType } from "../world/index.ts";
import { type Ec2Row, ec2Rows } from "./ec2-instance-types.ts";

/** Every EC2 type that can be bought, by name. Ephemeral storage: EKS' 20 GiB root volume, 17 GiB of it allocatable. */
export const machineTypes: ReadonlyMap<string, MachineType> = new Map(ec2Rows.map((row) => [row[0], machineType(row)]));

function machineType([
  name,
  ,
  vcpu,
  memoryMiB,
  pods,
  cpu,
  memory,
  network,
  gpus,
  microUsdPerHour,
]: Ec2Row): MachineType {
  const extended: Record<string, string> = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
  // The 7.5 % that hypervisor and firmware take are Karpenter's planning estimate.
  const usableMiB = memoryMiB - Math.ceil(0.075 * memoryMiB);
  return {
    name,
    cpuMillicores: vcpu * 1000,
    memoryBytes: usableMiB * 1_048_576,
    networkBytesPerSecond: network * 125_000,
    microUsdPerHour,
    capacity: {
      cpu: String(vcpu),
      memory: `${usableMiB}Mi`,
      pods: String(pods),
      "ephemeral-storage": "20Gi",
      ...extended,
    },
    allocatable: {
      cpu: `${cpu}m`,
      memory: `${memory}Mi`,
      pods: String(pods),
      "ephemeral-storage": "17Gi",
      ...extended,
    },
  };
}

/** A machine of a user's own: kubeadm-style reservations are the user's to state; allocatable is capacity. */
export function plainMachineType(size: {
  readonly name: string;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly pods: number;
  readonly microUsdPerHour: number;
  /** Extended resources: quantity texts by name. Default none. */
  readonly resources?: Readonly<Record<string, string>>;
}): MachineType {
  const resources = {
    cpu: size.cpuMillicores % 1000 === 0 ? String(size.cpuMillicores / 1000) : `${size.cpuMillicores}m`,
    memory: String(size.memoryBytes),
    pods: String(size.pods),
    "ephemeral-storage": "100Gi",
    ...size.resources,
  };
  const { name, cpuMillicores, memoryBytes, microUsdPerHour } = size;
  const networkBytesPerSecond = 1_250_000_000;
  return {
    name,
    cpuMillicores,
    memoryBytes,
    networkBytesPerSecond,
    microUsdPerHour,
    capacity: resources,
    allocatable: resources,
  };
}
