// Questions as forms of their kinds, and a message that is refused. Arguments: Chromium, the server's address, the graph that asks.
import { say, withBrowser } from "./page.mjs";

const [program, server, graph] = process.argv.slice(2);

await withBrowser(program, server, async (open) => {
  const shown = {};
  const page = await open();
  const form = page.locator(".question");
  // The answer that the graph got, which is its reply.
  async function told(kind, answer) {
    await page.goto(`${server}/ui/#chat/`);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("combobox", { name: "Graph and model" }).selectOption(graph);
    await say(page, kind);
    await form.waitFor();
    await answer();
    const reply = page.locator('.reply[aria-busy="false"] .prose').last();
    await reply.waitFor();
    await form.waitFor({ state: "detached" });
    shown[kind] = JSON.parse(await reply.textContent());
  }
  await told("actions", async () => {
    const [email, file] = [form.locator(".action").nth(0), form.locator(".action").nth(1)];
    await email.locator("label", { hasText: "Edit" }).click();
    await email.getByLabel("to", { exact: true }).fill("ann@harbor.example");
    await email.getByLabel("copies").fill("2");
    await file.locator("label", { hasText: "Refuse" }).click();
    await file.getByLabel("Reason or answer").fill("keep it");
    await form.getByRole("button", { name: "Send" }).click();
  });
  await told("inbox", async () => {
    await form.locator("label", { hasText: "Edit" }).click();
    await form.getByLabel("amount").fill("12");
    await form.getByRole("button", { name: "Send" }).click();
  });
  await told("options", () => form.getByRole("button", { name: "green" }).click());
  await told("form", async () => {
    await form.getByLabel("days").fill("3");
    await form.getByLabel("why").fill("holiday");
    await form.getByLabel("paid").check();
    await form.getByRole("button", { name: "Send" }).click();
  });

  await page.goto(`${server}/ui/#chat/`);
  await page.getByRole("button", { name: "New conversation" }).click();
  await say(page, "x".repeat(100_001));
  const notice = page.getByRole("alert");
  await notice.waitFor();
  shown.refused = await notice.innerText();
  shown.draft = (await page.locator(".composer textarea").inputValue()).length;
  // And the conversation can begin all the same.
  await page.locator(".composer textarea").fill("");
  await say(page, "안녕하세요");
  await page.locator('.reply[aria-busy="false"] .prose').waitFor();
  return shown;
});
