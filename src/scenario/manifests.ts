import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { NewObject } from "../apiserver/index.ts";
import { isKnownKind, kindInfos, type TemplateMeta } from "../model/index.ts";
import { type Complaint, type Location, shown } from "./complaint.ts";
import { isScaledObject, scaledObjectSchema } from "./scaled-object-schema.ts";
import { complaintsOf } from "./schema-complaints.ts";
import { asServed } from "./served-versions.ts";
import { readYaml, type YamlDocument } from "./yaml-file.ts";

/** An object of a manifest, and where it stands. */
export interface Manifest {
  readonly object: NewObject;
  readonly at: Location;
}

export interface Manifests {
  readonly manifests: readonly Manifest[];
  readonly complaints: readonly Complaint[];
}

/** Reads files and folders (recursively, by name): what a user would give to `kubectl apply -R -f`. */
export function readManifests(root: string, paths: readonly string[]): Manifests {
  const manifests: Manifest[] = [];
  const complaints: Complaint[] = [];
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) {
      complaints.push(wholeFile(path, "MISSING_FILE", "a file or folder that exists", shown(path)));
      continue;
    }
    const files = statSync(full).isDirectory() ? filesBelow(full) : [full];
    if (files.length === 0)
      complaints.push(wholeFile(path, "EMPTY_FOLDER", "a folder with .yaml, .yml or .json files", "none"));
    for (const file of files) {
      const read = readManifestText(relative(root, file), readFileSync(file, "utf8"));
      manifests.push(...read.manifests);
      complaints.push(...read.complaints);
    }
  }
  return { manifests: lastOfEachName(manifests), complaints };
}

/** The objects of one file. Lists are taken apart. */
export function readManifestText(file: string, text: string): Manifests {
  const { documents, complaints } = readYaml(file, text, "manifest");
  if (documents.length === 0 && complaints.length === 0) {
    return { manifests: [], complaints: [wholeFile(file, "EMPTY_FILE", "at least one object", "an empty file")] };
  }
  const manifests: Manifest[] = [];
  for (const document of documents) collect(document, document.value, [], manifests, complaints);
  return { manifests, complaints };
}

function collect(
  document: YamlDocument,
  value: unknown,
  path: readonly PropertyKey[],
  manifests: Manifest[],
  complaints: Complaint[],
): void {
  if (value === null) return; // A document of nothing but its marker.
  const at = document.locate(path);
  if (typeof value !== "object" || Array.isArray(value)) {
    complaints.push({ code: "NOT_AN_OBJECT", at, path: "", expected: "a Kubernetes object", found: shown(value) });
    return;
  }
  const fields = value as Record<string, unknown>;
  const { apiVersion, kind, metadata, items } = fields;
  for (const [field, content] of Object.entries({ apiVersion, kind })) {
    if (typeof content === "string" && content !== "") continue;
    complaints.push({ code: "MISSING_FIELD", at, path: field, expected: "a string", found: shown(content) });
    return;
  }
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    for (const [index, item] of items.entries())
      collect(document, item, [...path, "items", index], manifests, complaints);
    return;
  }
  // Of kustomize, which has rendered or has not: nothing that a server is given.
  if (typeof apiVersion === "string" && apiVersion.startsWith("kustomize.config.k8s.io/")) return;
  const { name, generateName } = (metadata ?? {}) as TemplateMeta;
  if (typeof name !== "string" && typeof generateName !== "string") {
    complaints.push({ code: "MISSING_FIELD", at, path: "metadata.name", expected: "a name", found: shown(name) });
    return;
  }
  if (isScaledObject({ apiVersion: apiVersion as string, kind: kind as string })) {
    const parsed = scaledObjectSchema.safeParse(fields);
    if (!parsed.success) {
      complaints.push(...complaintsOf(parsed.error, document, path));
      return;
    }
  }
  manifests.push({ object: asServed(withoutServerFields(fields as unknown as NewObject)), at });
}

/** Dumps of a cluster carry what only the server may set. */
function withoutServerFields(object: NewObject): NewObject {
  const {
    uid: _,
    resourceVersion: __,
    creationTimestamp: ___,
    generation: ____,
    managedFields: _____,
    ...metadata
  } = object.metadata as TemplateMeta;
  const known = (isKnownKind(object.kind) && kindInfos[object.kind].namespaced) || isScaledObject(object);
  const namespace = known ? (metadata.namespace ?? "default") : metadata.namespace;
  return { ...object, metadata: namespace === undefined ? metadata : { ...metadata, namespace } };
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...filesBelow(path));
    else if (/\.(ya?ml|json)$/.test(entry.name)) files.push(path);
  }
  return files;
}

/** Applied twice, the later one stands; what others refer to goes first. */
function lastOfEachName(manifests: readonly Manifest[]): Manifest[] {
  const byName = new Map<string, Manifest>();
  let unnamed = 0;
  for (const manifest of manifests) {
    const { kind, apiVersion, metadata } = manifest.object;
    unnamed += 1;
    const name = metadata.name ?? `\0${unnamed}`;
    byName.set(`${apiVersion} ${kind} ${metadata.namespace ?? ""} ${name}`, manifest);
  }
  return [...byName.values()].sort((a, b) => order(a.object.kind) - order(b.object.kind));
}

const first = ["Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass"];

function order(kind: string): number {
  const index = first.indexOf(kind);
  return index < 0 ? first.length : index;
}

function wholeFile(file: string, code: string, expected: string, found: string): Complaint {
  return { code, at: { file, line: 1, column: 1 }, path: "", expected, found };
}
