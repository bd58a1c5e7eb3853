// Looks for things in the console: conversations by search and filters, events in the log, a report as a file.
// Arguments: Chromium, the server's address.
import { readFileSync } from "node:fs";
import { say, withBrowser } from "./page.mjs";

const [program, server] = process.argv.slice(2);

await withBrowser(program, server, async (open) => {
  const shown = {};
  const page = await open();
  const start = async () => {
    await page.goto(`${server}/ui/#chat/`);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.locator(".suggestions").waitFor();
  };
  await start();
  await page.getByRole("combobox", { name: "Form", exact: true }).selectOption("report");
  await say(page, "2023년 지출 데이터를 분석해주세요");
  await page.locator(".reply h1, .reply h2").first().waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download Markdown" }).click()]);
  shown.report = readFileSync(await file.path(), "utf8").split("\n")[0];
  await page.getByRole("button", { name: "Log", exact: true }).click();
  await page.locator(".side").getByLabel("Filter").fill("run.completed");
  await page.waitForFunction(() => document.querySelectorAll(".side ol > li").length === 1);
  await page.locator(".side ol summary").click();
  shown.event = JSON.parse(await page.locator(".side ol pre").textContent()).type;
  await start();
  await say(page, "지출 계약서를 작성해주세요");
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await page.locator(".side").getByRole("button", { name: "Back" }).click(); // the list is where the log was

  await page.getByLabel("Search").fill("지출");
  await page.waitForFunction(() => document.querySelectorAll(".list li").length === 2);
  shown.found = await page.locator(".list li").count();
  await page.getByLabel("Any status").selectOption("waiting_human");
  await page.waitForFunction(() => document.querySelectorAll(".list li").length === 1);
  shown.waiting = await page.locator(".list li .key").innerText();
  await page.getByLabel("Any protocol").selectOption("room");
  await page.getByText("Nothing matches.").waitFor();
  return shown;
});
