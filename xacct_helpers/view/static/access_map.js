// The access map: swaps in the picture that the kernel sends, and makes its edges buttons.
// One stop for the Tab key; arrow keys move from edge to edge, Enter asks why, Escape closes.

const EDGES = "svg.xacct-map .edge";

function render({ model, el }) {
  el.classList.add("xacct-map-view");
  const picture = part("div", "xacct-map-picture");
  const news = part("p", "xacct-map-news", { role: "status" });
  const hint = part("p", "xacct-map-hint");
  hint.textContent = "Click an edge to see why; or arrow keys, Enter, Escape.";
  const panel = part("section", "xacct-map-why", { "aria-label": "Why this edge is as it is" });
  panel.hidden = true;
  const close = part("button", "xacct-map-close", { type: "button" });
  close.textContent = "Close";
  const answer = part("div", "xacct-map-answer", { "aria-live": "polite" });
  panel.append(close, answer);
  el.append(picture, news, hint, panel);

  let current = "";  // the key of the edge that has, or last had, the focus
  let waiting = false;  // for the answer to a click or a key

  const edges = () => [...picture.querySelectorAll(EDGES)];
  const find = (key) => edges().find((edge) => edge.dataset.key === key);

  function draw() {
    const open = picture.querySelector("details")?.open ?? false;
    const focused = picture.contains(document.activeElement) && document.activeElement.matches?.(EDGES);
    const scrolled = picture.querySelector(".xacct-map-window")?.scrollTop ?? 0;
    picture.innerHTML = model.get("content");
    const svg = picture.querySelector("svg");
    svg.setAttribute("role", "group");
    const frame = part("div", "xacct-map-window");
    svg.replaceWith(frame);
    frame.append(svg);
    frame.scrollTop = scrolled;
    picture.querySelector("details").open = open;
    for (const edge of edges()) {
      edge.setAttribute("role", "button");
      edge.setAttribute("tabindex", "-1");
      holdWords(edge);
      edge.setAttribute("aria-expanded", String(edge.dataset.key === model.get("asked")));
    }
    hint.hidden = edges().length === 0;
    const at = find(current) ?? edges()[0];
    if (at) stop(at);
    if (focused && at) at.focus();
  }

  function stop(edge) {
    for (const other of edges()) other.setAttribute("tabindex", other === edge ? "0" : "-1");
    current = edge.dataset.key;
  }

  function ask(key) {
    waiting = key !== "";
    if (waiting && key === model.get("asked")) show();
    model.send({ why: key });
  }

  // Only who asked is taken to the answer, not who runs a cell that changes it.
  function show() {
    waiting = false;
    panel.scrollIntoView({ block: "nearest" });
  }

  function shut() {
    ask("");
    const edge = find(current);
    if (edge) go(edge);
  }

  // An edge may be taller than the window: what is to be seen is where its halves meet.
  function go(edge) {
    edge.focus({ preventScroll: true });
    (edge.querySelector(".hole") ?? edge).scrollIntoView({ block: "nearest" });
  }

  function explain() {
    const key = model.get("asked");
    panel.hidden = key === "";
    answer.innerHTML = model.get("why");
    for (const edge of edges()) {
      const asked = edge.dataset.key === key;
      edge.setAttribute("aria-expanded", String(asked));
      edge.classList.toggle("asked", asked);
    }
    if (waiting && !panel.hidden) show();
  }

  function light(arns) {
    const svg = picture.querySelector("svg");
    svg.classList.toggle("lit", arns.length > 0);
    for (const one of svg.querySelectorAll("[data-ends], [data-arn]")) {
      const ends = (one.dataset.ends ?? one.dataset.arn).split(" ");
      one.classList.toggle("near-by", arns.some((arn) => ends.includes(arn)));
    }
  }

  picture.addEventListener("click", (event) => {
    const edge = event.target.closest(EDGES);
    if (!edge) return;
    stop(edge);
    edge.focus();
    ask(edge.dataset.key);
  });

  picture.addEventListener("focusin", (event) => {
    const edge = event.target.closest(EDGES);
    if (edge) stop(edge);
  });

  picture.addEventListener("pointerover", (event) => {
    const card = event.target.closest(".card");
    light(card ? [card.dataset.arn] : []);
  });

  picture.addEventListener("pointerleave", () => light([]));

  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      event.stopPropagation();
      shut();
      return;
    }
    const edge = event.target.closest(EDGES);
    if (!edge) return;
    const all = edges();
    const at = all.indexOf(edge);
    const to = {
      ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1,
      Home: 0, End: all.length - 1,
    }[event.key];
    if (to !== undefined) {
      go(all[(to + all.length) % all.length]);
    } else if (event.key === "Enter" || event.key === " ") {
      ask(edge.dataset.key);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();  // JupyterLab moves between cells with the same keys
  });

  close.addEventListener("click", shut);
  const tell = () => { news.textContent = model.get("news"); };
  model.on("change:content", draw);
  model.on("change:news", tell);
  model.on("change:asked", explain);
  model.on("change:why", explain);
  draw();
  tell();
  explain();
  return () => {
    model.off("change:content", draw);
    model.off("change:news", tell);
    model.off("change:asked", explain);
    model.off("change:why", explain);
  };
}

// Who speaks to the machine says what is written at an edge: its name begins with those words, or
// holds them anyway.
function holdWords(edge) {
  const words = edge.querySelector(".label")?.textContent ?? "";
  const name = edge.getAttribute("aria-label");
  if (!name.includes(words)) edge.setAttribute("aria-label", `${words}: ${name}`);
}

function part(tag, name, attributes = {}) {
  const made = document.createElement(tag);
  made.className = name;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export default { render };
