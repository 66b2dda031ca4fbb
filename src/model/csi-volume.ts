import type { CSINode, PersistentVolumeSpec, Volume } from "./generated/api-types.ts";

/** A volume as its CSI driver knows it. */
export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
}

type InTreeSource = Pick<
  Volume & PersistentVolumeSpec,
  "awsElasticBlockStore" | "gcePersistentDisk" | "azureDisk" | "cinder" | "portworxVolume"
>;

interface Migration {
  readonly inTree: string;
  readonly driver: string;
  readonly handleOf: (source: InTreeSource) => string | undefined;
}

const migrations: readonly Migration[] = [
  {
    inTree: "kubernetes.io/aws-ebs",
    driver: "ebs.csi.aws.com",
    handleOf: ({ awsElasticBlockStore }) => awsElasticBlockStore?.volumeID,
  },
  {
    inTree: "kubernetes.io/gce-pd",
    driver: "pd.csi.storage.gke.io",
    handleOf: ({ gcePersistentDisk }) => gcePersistentDisk?.pdName,
  },
  {
    inTree: "kubernetes.io/azure-disk",
    driver: "disk.csi.azure.com",
    handleOf: ({ azureDisk }) => azureDisk?.diskURI,
  },
  {
    inTree: "kubernetes.io/cinder",
    driver: "cinder.csi.openstack.org",
    handleOf: ({ cinder }) => cinder?.volumeID,
  },
  {
    inTree: "kubernetes.io/portworx-volume",
    driver: "pxd.portworx.com",
    handleOf: ({ portworxVolume }) => portworxVolume?.volumeID,
  },
];

/** Whether the volume is of an in-tree kind that CSI drivers have taken over. */
export function isMigratable(source: Volume): boolean {
  return migrations.some(({ handleOf }) => handleOf(source as InTreeSource) !== undefined);
}

/** The CSI volume behind an in-tree one, or the driver of an in-tree provisioner; none while the node has no CSINode. */
export function csiVolumeOf(
  source: (Volume | PersistentVolumeSpec | object) & { readonly provisioner?: string },
  csiNode: CSINode | undefined,
): CsiVolume | undefined {
  return csiNode === undefined ? undefined : migrated(source);
}

/** A volume that has to be attached to a machine before it can be mounted there: a CSI driver's, or one of the old cloud disks. */
export function attachableVolume(spec: PersistentVolumeSpec): CsiVolume | undefined {
  return spec.csi === undefined ? migrated(spec) : { driver: spec.csi.driver, handle: spec.csi.volumeHandle };
}

/** The volume's name in `volumesAttached` and `volumesInUse` of a Node's status. */
export function uniqueVolumeName({ driver, handle }: CsiVolume): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

function migrated(source: object & { readonly provisioner?: string }): CsiVolume | undefined {
  for (const { inTree, driver, handleOf } of migrations) {
    const handle = source.provisioner === inTree ? "" : handleOf(source as InTreeSource);
    if (handle !== undefined) return { driver, handle };
  }
  return undefined;
}
