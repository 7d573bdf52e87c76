// What validation says: a mark in the text, AWS's words under the line.
import { lintGutter, setDiagnostics, setDiagnosticsEffect } from "@codemirror/lint";
import { StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";

const SIGN = { error: "✗", warning: "⚠" };

export function label(finding) {
  return `${SIGN[finding.severity]} Line ${finding.line}, ${finding.severity}: ${finding.message}`;
}

export function diagnostics(state, findings) {
  const within = (at) => Math.min(Math.max(at, 0), state.doc.length);
  return findings.map((one) => ({
    from: within(one.start),
    to: within(one.end),
    severity: one.severity,
    message: one.message,
  }));
}

export function show(view, findings) {
  view.dispatch(setDiagnostics(view.state, diagnostics(view.state, findings)));
}

// The list below the editor says the same to who cannot see it.
class Words extends WidgetType {
  constructor(severity, message) {
    super();
    this.severity = severity;
    this.message = message;
  }

  eq(other) {
    return other.severity === this.severity && other.message === this.message;
  }

  toDOM() {
    const line = document.createElement("div");
    line.className = `xacct-words xacct-${this.severity}`;
    line.setAttribute("aria-hidden", "true");
    line.textContent = `${SIGN[this.severity]} ${this.message}`;
    return line;
  }

  ignoreEvent() {
    return true;
  }
}

const words = StateField.define({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setDiagnosticsEffect)) {
        next = Decoration.set(
          effect.value.map(({ from, severity, message }) =>
            Decoration.widget({ widget: new Words(severity, message), side: 1, block: true }).range(
              transaction.state.doc.lineAt(from).to,
            ),
          ),
          true,
        );
      }
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const marks = [lintGutter(), words];
