// JupyterLab's own colours for code, so that light, dark and other themes fit; else plain ones.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const code = "var(--jp-code-font-family, monospace)";
const ink = "var(--jp-content-font-color1, #1a1a1a)";
const paper = "var(--jp-cell-editor-background, #f7f7f7)";

export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, color: "var(--jp-mirror-editor-property-color, #05a)" },
    { tag: tags.string, color: "var(--jp-mirror-editor-string-color, #a11)" },
    { tag: tags.number, color: "var(--jp-mirror-editor-number-color, #060)" },
    { tag: [tags.bool, tags.null], color: "var(--jp-mirror-editor-keyword-color, #060)" },
    { tag: tags.invalid, textDecoration: "underline wavy" },
  ]),
);

export const look = EditorView.theme({
  "&": {
    color: ink,
    backgroundColor: paper,
    fontSize: "var(--jp-code-font-size, 13px)",
  },
  "&.cm-focused": { outline: "2px solid var(--jp-brand-color1, #0d47a1)" },
  ".cm-scroller": { fontFamily: code, lineHeight: "1.5", maxHeight: "45em" },
  ".cm-content": { caretColor: "var(--jp-editor-cursor-color, #000)" },
  ".cm-gutters": {
    backgroundColor: paper,
    color: ink,
    border: "none",
  },
  // Away from the colours of the letters: lighter in the light, darker in the dark.
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: "var(--jp-layout-color0, #fff)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "transparent",
    outline: "1px solid currentColor",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--jp-layout-color1, #fff)",
    color: ink,
    border: "1px solid var(--jp-border-color0, #767676)",
  },
  ".cm-tooltip-autocomplete > ul > li": { padding: "2px 6px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--jp-brand-color1, #0d47a1)",
    color: "var(--jp-ui-inverse-font-color1, #fff)",
  },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "1", marginLeft: "1.5em" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "bold" },
});
