import { ApiServer, type NewObject, Store, undecodable } from "../../src/apiserver/index.ts";
import { kindNamed } from "../../src/cli/kind-names.ts";
import { objectsTable } from "../../src/cli/objects-table.ts";
import { compareText, DecodeError, decodeStrictly, type KubeObject, kindInfos, parseTime, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";
import { type Area, type CaseResult, firstDifference } from "./area.ts";

interface CommandLine {
  readonly id: string;
  readonly group: string;
  readonly command: string;
  readonly at: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * What kubectl printed: whole lists of one kind, as `inspect` prints them, and what the server said of manifests;
 * /work/shared/conformance/kubectl/README.md.
 */
export const kubectl: Area = {
  name: "kubectl",
  *replay(recordings) {
    if (!recordings.has("world.json")) return;
    const { objects } = recordings.json<{ objects: readonly KubeObject[] }>("world.json");
    for (const line of recordings.lines<CommandLine>("commands.jsonl")) {
      if (line.group === "invalid-create") yield* created(line);
      const asked = /^kubectl get (\w+)( -o wide)?$/.exec(line.command);
      if (asked === null || line.stdout === undefined || !line.group.startsWith("get")) continue;
      const kind = kindNamed(asked[1]!);
      const listed = objects.filter((object) => object.kind === kind).sort((a, b) => compareText(a.metadata.name, b.metadata.name));
      // Events are printed by columns of our own; what is no kind prints nothing.
      if (listed.length === 0 || kind === "Event") continue;
      const printed = objectsTable(listed, parseTime(line.at)!.seconds, { wide: asked[2] !== undefined, namespaced: false });
      yield compared(line, printed);
    }
  },
};

function compared({ id, group, command, stdout = "" }: CommandLine, printed: string): CaseResult {
  if (printed === stdout) return { group, id };
  const [wanted, got] = [stdout, printed].map((text) => text.split("\n"));
  const at = wanted!.findIndex((line, index) => line !== got![index]);
  return { group, id, difference: `${command}: expected ${JSON.stringify(wanted![at])}, got ${JSON.stringify(got![at])}` };
}

/** One manifest into an empty namespace; what kubectl refuses by itself is not asked of the server. */
function* created({ id, group, files = {}, stderr }: CommandLine): Iterable<CaseResult> {
  const [text = ""] = Object.values(files);
  if (stderr === undefined || stderr.startsWith("error:") || /"kind": "List"/.test(text)) return;
  const api = new ApiServer(new Store(new EventLoop(), new WallClock(0)), id);
  api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "demo" } } });
  const difference = firstDifference(refusalIn(stderr), refusalOf(api, text));
  yield difference === undefined ? { group, id } : { group, id, difference };
}

function refusalOf(api: ApiServer, text: string): string {
  const sent = JSON.parse(text) as NewObject;
  // kubectl reads the file itself: of a field that stands twice the server sees one.
  const { strictError } = decodeOrNothing(JSON.stringify(sent));
  if (strictError !== undefined) return undecodable(sent, strictError).message;
  const reply = api.handle({ verb: "create", object: { ...sent, metadata: { namespace: "demo", ...sent.metadata } } });
  return reply.ok ? "" : reply.error.message;
}

function decodeOrNothing(text: string): { readonly strictError?: string } {
  try {
    return decodeStrictly(text);
  } catch (error) {
    if (error instanceof DecodeError) return {}; // The server says it when the object comes.
    throw error;
  }
}

/** kubectl leaves the group out, and lists several complaints in lines. */
function refusalIn(stderr: string): string {
  const said = stderr.trim().replace(/^Error from server \(\w+\): error when creating "f.yaml": /, "");
  const invalid = /^The (\w+) (".*" is invalid: )([^]*)$/.exec(said);
  return invalid === null ? said : `${groupedKind(invalid[1]!)} ${invalid[2]}${invalid[3]}`;
}

function groupedKind(kind: string): string {
  const { group } = kindInfos[kind as keyof typeof kindInfos];
  return group === "" ? kind : `${kind}.${group}`;
}
