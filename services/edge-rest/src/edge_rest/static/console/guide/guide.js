// The documents: a list of pages, one of them, and a search over all. `#path:heading` is where one is.
import { html, render, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { t } from "../words.js";
import { drawn } from "./page.js";
import { find } from "./search.js";

const FIRST = "start.md";

function place() {
  const [path, heading = ""] = decodeURIComponent(location.hash.slice(1)).split(":");
  return { path: path || FIRST, heading };
}

function Guide() {
  const [pages, setPages] = useState([]);
  const [at, setAt] = useState(place());
  const [wanted, setWanted] = useState("");
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    fetch("/docs/guide/pages.json").then((answer) => answer.json()).then(setPages);
    const moved = () => {
      setAt(place());
      setWanted("");
      setOpen(false);
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const found = useMemo(() => (wanted.trim() ? find(pages, wanted) : null), [pages, wanted]);
  const page = pages.find(({ path }) => path === at.path);
  return html`<div class="guide">
    <aside class=${isOpen ? "open" : ""}>
      <a class="brand" href="/ui/"><img src="/ui/icon.svg" alt="" />Parley</a>
      <input class="field" type="search" placeholder=${t("search")} aria-label=${t("search")} value=${wanted} onInput=${(e) => { setWanted(e.target.value); setOpen(true); }} />
      <button class="button only-narrow" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${t("pages")}</button>
      <nav aria-label=${t("pages")}>
        ${found
          ? html`<ul class="found">${found.map(({ path, heading, title, text }) => html`<li><a href=${`#${path}:${heading}`}><strong>${title}</strong><span class="small muted">${text}</span></a></li>`)}
              ${!found.length && html`<li class="muted">${t("noMatches")}</li>`}</ul>`
          : html`<ul>${pages.map(({ path, title }) => html`<li class=${path.includes("/") && !path.endsWith("README.md") ? "below" : ""}>
              <a href=${`#${path}`} aria-current=${path === at.path ? "page" : undefined}>${title}</a></li>`)}
              <li class="apart"><a href="/docs">OpenAPI</a></li><li><a href="/asyncapi">AsyncAPI</a></li></ul>`}
      </nav>
    </aside>
    <main tabindex="-1">${page ? html`<${Page} page=${page} heading=${at.heading} />` : pages.length > 0 && html`<p class="empty">${t("noPage")}</p>`}</main>
  </div>`;
}

function Page({ page, heading }) {
  const element = useRef(null);
  useEffect(() => {
    element.current.replaceChildren(drawn(page));
    document.title = `${page.title} · Parley`;
  }, [page]);
  useEffect(() => {
    const target = heading && document.getElementById(heading);
    if (target) target.scrollIntoView();
    else element.current.parentElement.scrollTop = 0;
  }, [page, heading]);
  return html`<article class="prose" ref=${element}></article>`;
}

render(html`<${Guide} />`, document.getElementById("app"));
