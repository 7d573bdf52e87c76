// The code editor: JSON, brackets, undo, completion by the kernel. Tab is left to the page.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { linter, lintKeymap } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";

import { diagnostics, marks } from "./findings.js";
import { colours, look } from "./theme.js";

const PAUSE = 250; // milliseconds without a key before the document is validated

// check(text) -> findings, complete(text, position) -> candidates; both are promises.
export function codeEditor({ parent, text, attributes, check, complete, changed, save }) {
  async function lint(view) {
    const { state } = view;
    return diagnostics(state, await check(state.doc.toString(), () => view.state.doc === state.doc));
  }

  async function candidates(context) {
    if (!context.explicit && !context.matchBefore(/"[^"\n]*/)) return null;
    const found = await complete(context.state.doc.toString(), context.pos);
    if (!found.candidates.length || !(context.explicit || found.in_string)) return null;
    return {
      from: found.start,
      to: found.end,
      options: found.candidates.map(({ label, detail, insert }) => ({
        label,
        detail,
        boost: label === "*" ? -99 : 0, // everybody and everything come last
        apply: (view, _, from, to) => put(view, insert, from, to),
      })),
      validFor: /^[^"\n]*$/,
    };
  }

  const state = EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(),
      highlightActiveLine(),
      history(),
      json(),
      colours,
      look,
      bracketMatching(),
      closeBrackets(),
      indentOnInput(),
      indentUnit.of("  "),
      EditorState.tabSize.of(2),
      EditorView.lineWrapping,
      // Enter takes what is offered at once: a line break has no place in a string of JSON.
      autocompletion({ override: [candidates], icons: false, interactionDelay: 0 }),
      linter(lint, { delay: PAUSE }),
      marks,
      EditorView.contentAttributes.of(attributes),
      EditorView.updateListener.of((update) => update.docChanged && changed(update.state)),
      keymap.of([
        { key: "Mod-s", run: () => (save(), true), preventDefault: true },
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...defaultKeymap,
        ...historyKeymap,
        ...lintKeymap,
      ]),
    ],
  });
  return new EditorView({ state, parent });
}

// A name comes with an empty value: the cursor goes into it.
function put(view, insert, from, to) {
  const inside = /(""|\[\]|\{\})$/.test(insert) ? 1 : 0;
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + insert.length - inside },
    userEvent: "input.complete",
  });
}

export function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

export function goTo(view, position) {
  view.dispatch({
    selection: { anchor: Math.min(position, view.state.doc.length) },
    scrollIntoView: true,
  });
  view.focus();
}
