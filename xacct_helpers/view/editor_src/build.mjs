// Bundle the policy editor into one ES module: node build.mjs OUT.js (`make editor`).
// The licences of the packages in the bundle stand at its end, as they ask for.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";

const bundle = await build({
  entryPoints: ["policy_editor.js"],
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "eof",
  metafile: true,
  write: false,
});

function licences(inputs) {
  const found = new Map(); // text -> names
  const names = Object.keys(inputs)
    .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean);
  for (const name of [...new Set(names)].sort()) {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    const text = readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim();
    found.set(text, [...(found.get(text) ?? []), `${name} ${version}`]);
  }
  return [...found].map(([text, packages]) => `${packages.join(", ")}\n\n${text}`);
}

const notice = licences(bundle.metafile.inputs).join("\n\n---\n\n");
writeFileSync(process.argv[2], `${bundle.outputFiles[0].text}/*!\n${notice}\n*/\n`);
