// The system page, first as anybody, then as an operator who deals with dead letters.
// Arguments: Chromium, the server's address, an operator's token, the conversation of two dead letters, a folder for pictures.
import { serious, withBrowser } from "./page.mjs";

const [program, server, token, conversation, pictures] = process.argv.slice(2);

await withBrowser(program, server, async (open) => {
  const shown = {};
  const page = await open({ height: 1200 });
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(`${server}/ui/#system/`);
  await page.getByText("history-store").waitFor();
  await page.getByText("Sign in with an operator's token").waitFor();
  shown.lettersOfAnybody = await page.locator(".letter").count();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("User token").fill("nonsense");
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The token is not accepted.").waitFor();
  await page.getByLabel("User token").fill(token);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  const letters = page.locator(".letter", { hasText: conversation });
  await letters.nth(1).waitFor();
  await page.locator(".chart canvas").nth(1).waitFor();
  shown.away = await page.getByText("does not answer").count();
  await page.waitForFunction(() => Number(document.querySelector(".pair h2 .muted").textContent) > 0);
  await page.waitForTimeout(300); // what is drawn has no event of its own
  await page.screenshot({ path: `${pictures}/system.png` });
  shown.serious = await serious(page);
  await letters.first().getByRole("button", { name: "Drop" }).click();
  await page.waitForFunction((key) => [...document.querySelectorAll(".letter")].filter((each) => each.textContent.includes(key)).length === 1, conversation);
  await letters.first().getByRole("button", { name: "Retry" }).click();
  await letters.first().waitFor({ state: "detached" });
  await page.goto(`${server}/ui/#chat/${encodeURIComponent(conversation)}`);
  await page.locator(".reply").nth(1).waitFor();
  return shown;
});
