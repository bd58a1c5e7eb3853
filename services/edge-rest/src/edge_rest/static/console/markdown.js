// Markdown as safe HTML. Nothing that was said runs, and no picture is fetched from elsewhere.
import { html, useEffect, useRef } from "./vendor/preact.js";
import { marked } from "./vendor/marked.js";

const ALLOWED = { FORBID_TAGS: ["style", "form", "input", "img", "svg", "math"], FORBID_ATTR: ["style", "class", "id"] };

export function Markdown({ text, streaming }) {
  const place = useRef(null);
  useEffect(() => {
    place.current.innerHTML = window.DOMPurify.sanitize(marked.parse(text, { breaks: true }), ALLOWED);
    for (const link of place.current.querySelectorAll("a")) {
      link.target = "_blank";
      link.rel = "noreferrer";
    }
  }, [text]);
  return html`<div ref=${place} class=${`prose ${streaming ? "cursor" : ""}`}></div>`;
}
