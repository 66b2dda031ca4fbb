import { kindNamed } from "../../src/cli/kind-names.ts";
import { objectsTable } from "../../src/cli/objects-table.ts";
import { compareText, type KubeObject, parseTime } from "../../src/model/index.ts";
import type { Area, CaseResult } from "./area.ts";

interface CommandLine {
  readonly id: string;
  readonly group: string;
  readonly command: string;
  readonly at: string;
  readonly stdout?: string;
}

/** What kubectl printed: whole lists of one kind, as `inspect` prints them; /work/shared/conformance/kubectl/README.md. */
export const kubectl: Area = {
  name: "kubectl",
  *replay(recordings) {
    if (!recordings.has("world.json")) return;
    const { objects } = recordings.json<{ objects: readonly KubeObject[] }>("world.json");
    for (const line of recordings.lines<CommandLine>("commands.jsonl")) {
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
