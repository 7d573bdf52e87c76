// A question: radio buttons and a button, as a browser has them. Arrow keys move, Enter commits;
// the choice may be changed until the answer is there.

let questions = 0;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const name = `xacct-predict-${++questions}`;
  const inputs = model.get("choices").map((choice) =>
    element("input", { type: "radio", name, value: choice, required: true }),
  );
  const button = element("button", { type: "submit", textContent: "Commit" });
  const said = element("p");
  said.setAttribute("role", "status");
  const form = element(
    "form",
    { className: "xacct-predict" },
    element(
      "fieldset",
      {},
      element("legend", { textContent: model.get("legend") }),
      ...inputs.map((input) => element("label", {}, input, input.value)),
      button,
      said,
    ),
  );
  // JupyterLab's own keys (an arrow goes to the next cell) are for outside of the form.
  form.dataset.lmSuppressShortcuts = "true";
  form.addEventListener("keydown", (event) => event.stopPropagation());

  function update() {
    const choice = model.get("choice");
    const came = model.get("came");
    for (const input of inputs) {
      if (choice) input.checked = input.value === choice;
      input.disabled = Boolean(came);
    }
    button.disabled = Boolean(came);
    if (came) said.textContent = came;
    else said.textContent = choice ? model.get("committed").replace("{}", choice) : "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = inputs.find((input) => input.checked);
    if (!chosen) return;
    model.set("choice", chosen.value);
    model.save_changes();
  });
  model.on("change:choice change:came", update);
  el.append(form);
  update();
  return () => model.off("change:choice change:came", update);
}

export default { render };
