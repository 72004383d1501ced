// Prints as JSON what the mail programs named first do not support in each HTML file: {file: {feature: [program, …]}}.
import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

const [clients, ...files] = process.argv.slice(2);
const found = {};
for (const file of files) {
  const { issues } = caniemail({ clients: clients.split(","), html: readFileSync(file, "utf8") });
  found[file] = {};
  for (const [client, unsupported] of issues.errors) {
    for (const { title } of unsupported) {
      (found[file][title] ??= []).includes(client) || found[file][title].push(client);
    }
  }
}
console.log(JSON.stringify(found));
