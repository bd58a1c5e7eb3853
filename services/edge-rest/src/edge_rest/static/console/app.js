// The console: a rail of pages, each a module; `#page/rest` is where one is.
import { html, render, useEffect, useState } from "./vendor/preact.js";
import { Chat } from "./chat.js";
import { Graphs } from "./graphs.js";
import { Playground } from "./playground.js";
import { Quote } from "./quote.js";
import { SignIn } from "./signing_in.js";
import { System } from "./system.js";
import { turnTheme } from "./theme.js";
import { Voice } from "./voice.js";
import { switchLanguage, t } from "./words.js";

const ICONS = {
  chat: "M4 5h16v11H9l-5 4z",
  graph: "M6 4a2 2 0 1 1 0 4 2 2 0 0 1 0-4zm12 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM6 16a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM8 6.8l8.2 4M8 17.2l8.2-4",
  quote: "M10 7c-3 .6-5 2.6-5 6v4h5v-5H7.500M19 7c-3 .6-5 2.6-5 6v4h5v-5h-2.500",
  voice: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4",
  playground: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.500 5l-3 14",
  system: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  guide: "M5 4h10a4 4 0 0 1 4 4v12H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11",
  signIn: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM5 20a7 7 0 0 1 14 0",
  language: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
};
const PAGES = { chat: Chat, graph: Graphs, quote: Quote, voice: Voice, playground: Playground, system: System };

const Icon = ({ name }) => html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;
const Tool = ({ name, act }) => html`<button class="button plain icon" title=${t(name)} aria-label=${t(name)} onClick=${act}><${Icon} name=${name} /></button>`;

function place() {
  const [page, ...rest] = location.hash.slice(1).split("/");
  return { page: page in PAGES ? page : "chat", rest: decodeURIComponent(rest.join("/")) };
}

function App() {
  const [route, setRoute] = useState(place());
  const [failure, setFailure] = useState(null);
  const [isSigningIn, setSigningIn] = useState(false);
  const [, setTurn] = useState(0);
  useEffect(() => {
    const moved = () => setRoute(place());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const go = (page, rest = "") => (location.hash = `${page}/${encodeURIComponent(rest)}`);
  const fail = (error) => (error.status === 401 ? setSigningIn(true) : setFailure(error.message));
  if (isSigningIn) return html`<${SignIn} done=${() => setSigningIn(false)} />`;
  const Page = PAGES[route.page];
  return html`<div class="shell">
    <div class="rail">
      <a class="brand" href="#chat/"><img src="icon.svg" alt="" />Parley</a>
      <nav aria-label="Parley">
        ${Object.keys(PAGES).map(
          (name) => html`<a href=${`#${name}/`} aria-current=${route.page === name ? "page" : undefined}>
            <${Icon} name=${name} /><span>${t(name)}</span></a>`,
        )}
      </nav>
      <div class="foot row">
        <a class="button plain icon" href="/docs/guide/" title=${t("guide")} aria-label=${t("guide")}><${Icon} name="guide" /></a>
        <${Tool} name="signIn" act=${() => setSigningIn(true)} />
        <${Tool} name="language" act=${() => { switchLanguage(); setTurn((n) => n + 1); }} />
        <${Tool} name="theme" act=${turnTheme} />
      </div>
    </div>
    <main class="main">
      ${failure && html`<div class="notice toast row" role="alert"><span class="grow">${failure}</span>
        <button class="button plain" aria-label="✕" onClick=${() => setFailure(null)}>✕</button></div>`}
      <${Page} route=${route} go=${go} fail=${fail} />
    </main>
  </div>`;
}

render(html`<${App} />`, document.getElementById("app"));
