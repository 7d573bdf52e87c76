// The policy editor's widget: the document, what AWS would say, what a save would change, Save.
import { codeEditor, goTo, replace } from "./code.js";
import { label, show } from "./findings.js";
import { remote, Silence } from "./remote.js";

const MOD = /^(Mac|iP)/.test(navigator.platform) ? "Cmd" : "Ctrl";
const HELP =
  `Ctrl+Space completes, ${MOD}+S saves, ${MOD}+Z undoes, ${MOD}+] indents. Tab leaves the editor.`;
let count = 0;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(words, act) {
  const made = element("button", { type: "button", class: "xacct-button" }, words);
  made.addEventListener("click", act);
  return made;
}

function callText(title, text) {
  const copied = element("span", { role: "status" });
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    copied.textContent = " Copied.";
  });
  copy.setAttribute("aria-label", `Copy the call, ${title}`);
  const shown = element("pre", { tabindex: "0", role: "region", "aria-label": title }, text);
  return element("div", {}, element("p", {}, title, " ", copy, copied), shown);
}

function render({ model, el }) {
  const { ask, stop } = remote(model);
  const id = `xacct-editor-${++count}`;
  const name = model.get("name");

  const help = element("p", { id: `${id}-help`, class: "xacct-help" }, HELP);
  const place = element("div", { class: "xacct-code" });
  const status = element("p", { role: "status", class: "xacct-status" });
  const findings = element("ul", { class: "xacct-findings", "aria-label": "What validation found" });
  const preview = element("div", { role: "status", class: "xacct-preview" });
  const outcome = element("p", { role: "status", class: "xacct-outcome" });
  const choices = element("div", { class: "xacct-choices" });
  const calls = element("div", { class: "xacct-calls" });

  let shown = [];

  function list(found) {
    shown = found;
    findings.replaceChildren(
      ...found.map((one) => element("li", {}, button(label(one), () => goTo(view, one.start)))),
    );
    findings.hidden = !found.length;
  }

  // The kernel's answer, or a sentence why there is none.
  async function answer(question, more, line) {
    try {
      const found = await ask(question, more);
      if (!found.error) return found;
      line.textContent = found.error;
    } catch (error) {
      if (!(error instanceof Silence)) throw error;
      line.textContent = error.message;
    }
    return null;
  }

  async function check(text, current) {
    const found = await answer("check", { text }, status);
    if (!found || !current()) return [];
    status.textContent = found.sentence;
    list(found.findings);
    foresee(text, current);
    return found.findings;
  }

  async function foresee(text, current) {
    const found = await answer("preview", { text }, preview);
    if (!found || !current()) return;
    const lines = found.lines.map((line) => element("li", {}, line));
    preview.replaceChildren(element("p", {}, found.sentence), element("ul", {}, ...lines));
    add(text, found.findings);
  }

  // What only the accounts can tell comes after what the document tells by itself.
  const fresh = (found) =>
    found.filter((one) => !shown.some(({ line, severity }) => line === one.line && severity === "error"));

  function add(text, found) {
    if (!found.length || view.state.doc.toString() !== text) return;
    list([...found, ...shown]);
    show(view, shown);
  }

  const complete = async (text, position) =>
    (await answer("complete", { text, position }, status)) ?? { candidates: [] };

  function changed(state) {
    model.set("draft", state.doc.toString());
    model.save_changes();
  }

  async function save(over = false) {
    outcome.textContent = "Saving …";
    choices.replaceChildren();
    calls.replaceChildren();
    const text = view.state.doc.toString();
    const found = await answer("save", { text, over }, outcome);
    if (!found) return;
    outcome.textContent = found.sentence;
    if (found.state === "refused") add(text, fresh(found.findings));
    if (found.state === "changed") offer();
    if (found.boto3) {
      calls.append(callText("As boto3", found.boto3), callText("As AWS CLI", found.cli));
    }
    if (found.state === "saved") foresee(text, () => view.state.doc.toString() === text);
  }

  function offer() {
    const load = button("Load what is there", async () => {
      const found = await answer("load", {}, outcome);
      if (found) put(found.text, found.sentence);
    });
    const over = button("Save mine over it", () => save(true));
    choices.replaceChildren(load, " ", over);
  }

  // Another document in the place of the draft, which undo brings back.
  function put(text, words) {
    replace(view, text);
    choices.replaceChildren();
    calls.replaceChildren();
    outcome.textContent = words;
    view.focus();
  }

  const revert = () => put(model.get("loaded"), "As it was last loaded or saved. Undo brings back yours.");

  const root = element(
    "section",
    // JupyterLab's keys, such as Enter for a cell, are not meant in here.
    { class: "xacct-editor", "aria-label": `Policy editor: ${name}`, "data-lm-suppress-shortcuts": "true" },
    element("p", { class: "xacct-title" }, element("strong", {}, name), ` ${model.get("where")}`),
    help,
    place,
    status,
    findings,
    preview,
    element("div", { class: "xacct-choices" }, button("Save", () => save()), " ", button("Revert", revert)),
    outcome,
    choices,
    calls,
  );
  const view = codeEditor({
    parent: place,
    text: model.get("draft"),
    attributes: { "aria-label": name, "aria-describedby": help.id, tabindex: "0" },
    check,
    complete,
    changed,
    save: () => save(),
  });
  list([]);
  el.append(root);
  return () => {
    stop();
    view.destroy();
  };
}

export default { render };
