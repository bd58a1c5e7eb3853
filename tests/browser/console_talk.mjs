// One conversation in the console: a reply in the making, a lost connection, stop, retry, a fork, an edit.
// Arguments: Chromium, the server's address, the graph, a file whose size lets it speak. Prints `half` when half of a
// reply is there and goes on when it reads a line.
import { appendFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { say, withBrowser } from "./page.mjs";

const [program, server, graph, file] = process.argv.slice(2);
const WORDS = Array.from({ length: 40 }, (_, number) => `word-${number}`);
const TEXT = WORDS.join(" ");
const allow = (count) => appendFileSync(file, ".".repeat(count));

await withBrowser(program, server, async (open) => {
  const shown = {};
  writeFileSync(file, "");
  const page = await open({ isBroken: true });
  await page.goto(`${server}/ui/`);
  await page.getByRole("button", { name: "New conversation" }).click();
  shown.emptyBesideNew = await page.locator(".list").getByText("No conversations yet").count();
  await page.getByRole("combobox", { name: "Graph and model" }).selectOption(graph);
  await say(page, `${file} ${TEXT}`);
  const reply = page.locator(".reply .prose");
  allow(20);
  await reply.getByText("word-19").waitFor();
  await page.locator(`.list [aria-current="true"] .tag`, { hasText: "running" }).waitFor();
  // From here on every text that the reply has is looked at.
  await page.evaluate(() => {
    window.texts = [];
    const box = document.querySelector(".turns");
    new MutationObserver(() => window.texts.push(box.querySelector(".reply .prose")?.textContent.trim() ?? "")).observe(box, {
      childList: true, subtree: true, characterData: true,
    });
  });
  console.log("half");
  await once(process.stdin, "data");
  allow(10);
  await reply.getByText("word-29").waitFor();
  const other = await open({ isBroken: true });
  await other.goto(page.url());
  await other.locator(".reply .prose").getByText("word-29").waitFor();
  shown.joined = (await other.locator(".reply .prose").textContent()).trim();
  allow(10);
  await page.locator('.reply[aria-busy="false"]').waitFor();
  await page.locator(`.list [aria-current="true"] .tag`, { hasText: "done" }).waitFor();
  shown.wrong = await page.evaluate((text) => window.texts.filter((each) => !text.startsWith(each)), TEXT);
  shown.whole = (await reply.textContent()).trim() === TEXT;
  shown.joinedIsPrefix = TEXT.startsWith(shown.joined) && shown.joined.endsWith("word-29");
  delete shown.joined;

  writeFileSync(file, "");
  await say(page, `${file} never said`);
  await page.getByRole("button", { name: "Stop" }).click();
  await page.locator(".reply").getByText("Stopped").waitFor();
  await page.locator(".reply").last().hover();
  await page.locator(".reply").last().getByRole("button", { name: "Retry" }).click();
  allow(2);
  await page.locator(".reply").nth(2).getByText("never said").waitFor();
  shown.said = await page.locator(".said").count();

  const before = page.url();
  await page.locator(".reply").first().hover();
  await page.locator(".reply").first().getByRole("button", { name: "Fork from here" }).click();
  await page.waitForURL((url) => url.href !== before);
  await page.locator(".turns").getByText("word-39").first().waitFor();
  await say(page, `${file} forked`);
  await page.locator(".reply").last().getByText("forked").waitFor();

  await page.goto(before);
  await page.locator(".said").nth(1).hover();
  await page.locator(".said").nth(1).getByRole("button", { name: "Edit and fork" }).click();
  await page.waitForURL((url) => url.href !== before);
  const draft = page.locator(".composer textarea");
  await page.waitForFunction(() => document.querySelector(".composer textarea").value);
  shown.draft = (await draft.inputValue()).replace(file, "FILE");
  await say(page, `${file} edited`);
  await page.locator(".reply").last().getByText("edited").waitFor();
  shown.notEdited = await page.locator(".turns").getByText("never said").count();
  return shown;
});
process.stdin.destroy();
