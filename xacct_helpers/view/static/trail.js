// The latest calls: a filter, a box for refusals only, and a table whose actions are buttons. A
// button opens the call's card in the row below; the kernel makes the card when it is asked for.

const COLUMNS = ["time", "caller", "action", "outcome"];
let tables = 0;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const prefix = `xacct-trail-${++tables}`;
  const filter = element("input", { type: "search", id: `${prefix}-filter` });
  const only = element("input", { type: "checkbox" });
  const again = element("button", { type: "button", textContent: "Look again" });
  const status = element("p", { className: "xacct-trail-status" });
  status.setAttribute("role", "status");
  const controls = element(
    "div",
    { className: "xacct-trail-controls" },
    element("label", { htmlFor: filter.id, textContent: "Filter" }),
    filter,
    element("label", {}, only, "only refusals"),
    again,
  );
  const caption = element("caption");
  const body = element("tbody");
  const head = element(
    "tr",
    {},
    ...COLUMNS.map((title) => element("th", { scope: "col", textContent: title })),
  );
  const table = element("table", {}, caption, element("thead", {}, head), body);
  const root = element("div", { className: "xacct-trail" }, controls, status, table);
  // JupyterLab's own keys are for outside of the table.
  root.dataset.lmSuppressShortcuts = "true";

  const open = new Map(); // request id -> the card's HTML, "" while it is on its way

  function draw() {
    const focused = document.activeElement?.dataset?.call;
    const rows = model.get("rows");
    const wanted = filter.value.trim().toLowerCase();
    const shown = rows.filter(
      (row) =>
        (!only.checked || row.refused) &&
        COLUMNS.some((name) => row[name].toLowerCase().includes(wanted)),
    );
    body.replaceChildren(...shown.flatMap(lines));
    caption.textContent = model.get("caption");
    const some = shown.length < rows.length || rows.length === 0;
    status.textContent = some ? `${shown.length} of ${rows.length} calls shown` : "";
    if (focused) find(focused)?.focus();
  }

  function find(call) {
    return [...body.querySelectorAll("button")].find((one) => one.dataset.call === call);
  }

  function lines(row) {
    const isOpen = open.has(row.request_id);
    const id = `${prefix}-${row.request_id}`;
    const button = element("button", { type: "button", textContent: row.action });
    button.dataset.call = row.request_id;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) button.setAttribute("aria-controls", id);
    const cells = COLUMNS.map((name) =>
      element("td", {}, name === "action" ? button : row[name]),
    );
    const line = element("tr", { className: row.refused ? "xacct-refused" : "" }, ...cells);
    if (!isOpen) return [line];
    const cell = element("td", { colSpan: COLUMNS.length, id });
    cell.innerHTML = open.get(row.request_id) || "…";
    return [line, element("tr", { className: "xacct-opened" }, cell)];
  }

  body.addEventListener("click", (event) => {
    const call = event.target.closest("button[data-call]")?.dataset.call;
    if (call === undefined) return;
    if (open.delete(call)) {
      draw();
      find(call)?.focus();
      return;
    }
    open.set(call, "");
    model.send({ open: call });
    draw();
    find(call)?.focus();
  });

  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || open.size === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const inside = event.target.closest(".xacct-opened")?.previousElementSibling;
    const call = (inside ?? event.target.closest("tr"))?.querySelector("button[data-call]");
    if (!call || !open.delete(call.dataset.call)) return;
    draw();
    find(call.dataset.call)?.focus();
  });

  function answered(message) {
    if (message.opened !== undefined && open.has(message.opened)) {
      open.set(message.opened, message.html);
      draw();
    } else if (message.trouble) {
      status.textContent = message.trouble;
    }
  }

  only.checked = model.get("refused");
  filter.addEventListener("input", draw);
  only.addEventListener("change", draw);
  again.addEventListener("click", () => model.send({ again: true }));
  model.on("change:rows", draw);
  model.on("msg:custom", answered);
  el.append(root);
  draw();
  return () => {
    model.off("change:rows", draw);
    model.off("msg:custom", answered);
  };
}

export default { render };
