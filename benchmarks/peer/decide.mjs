// Decide the cases of standard input over and over with @cloud-copilot/iam-simulate.
// In:  {"seconds": 3, "cases": [...]}, as benchmarks/engine.py writes them, policies as text.
// Out: {"verdicts": [...], "rate": decisions a second}
import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const { seconds, cases } = JSON.parse(readFileSync(0, "utf8"));
const parsed = new Map(); // by content, as the other side caches it
const parse = (text) => {
  if (!parsed.has(text)) parsed.set(text, JSON.parse(text));
  return parsed.get(text);
};
const decide = (one) =>
  runSimulation(
    {
      request: {
        action: one.action,
        principal: one.principal,
        resource: { resource: one.resource, accountId: one.resource_account },
        contextVariables: one.context,
      },
      identityPolicies: one.identity_policies.map((text, at) => ({
        name: `p${at}`,
        policy: parse(text),
      })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: one.resource_policy ? parse(one.resource_policy) : undefined,
    },
    {},
  );

const verdicts = [];
for (const one of cases) {
  const answer = await decide(one);
  verdicts.push(answer.overallResult ?? answer.analysis?.result ?? JSON.stringify(answer));
}
for (let round = 0; round < 200; round++) for (const one of cases) await decide(one);
const start = performance.now();
let count = 0;
while (performance.now() - start < seconds * 1000) {
  for (const one of cases) await decide(one);
  count += cases.length;
}
const rate = (count * 1000) / (performance.now() - start);
console.log(JSON.stringify({ verdicts, rate }));
