// What a person presents: an API key where one is needed, and a token of their own. Both stay in this page's memory.
import { html, useState } from "./vendor/preact.js";
import { get, signIn } from "./api.js";
import { t } from "./words.js";

export function SignIn({ done }) {
  const [key, setKey] = useState("");
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  async function enter(event) {
    event.preventDefault();
    signIn(key, token);
    try {
      const { user } = await get("/api/system/me");
      if (token.trim() && user === null) throw new Error(t("badToken"));
      done();
    } catch (error) {
      setWrong(error.message);
    }
  }
  return html`<main class="empty signing"><form class="card stack" onSubmit=${enter}>
    <h1>${t("signIn")}</h1>
    <label>${t("apiKey")}<input class="field" type="password" autocomplete="off" value=${key} onInput=${(e) => setKey(e.target.value)} /></label>
    <label>${t("token")}<input class="field" type="password" autocomplete="off" value=${token} onInput=${(e) => setToken(e.target.value)} /></label>
    <p class="small">${t("tokenHint")} ${t("keyHint")}</p>
    ${wrong && html`<p class="notice" role="alert">${wrong}</p>`}
    <div class="row"><button class="button primary grow">${t("signIn")}</button>
      <button type="button" class="button" onClick=${done}>${t("back")}</button></div>
  </form></main>`;
}
