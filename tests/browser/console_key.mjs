// Opens the console of a server that asks for an API key, signs in with a wrong one, then with the right one, and talks.
// Arguments: Chromium, the server's address, the key.
import { say, withBrowser } from "./page.mjs";

const [program, server, key] = process.argv.slice(2);

await withBrowser(program, server, async (open) => {
  const page = await open({ isBroken: true });
  await page.goto(`${server}/ui/`);
  const field = page.getByLabel("API key");
  await field.fill("not-the-key-of-this-server");
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await field.fill(key);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "New conversation" }).click();
  await say(page, "안녕하세요");
  await page.locator('.reply[aria-busy="false"]').getByText("무엇을 도와드릴까요?").waitFor();
  const held = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  await page.reload();
  await field.waitFor();
  return { isKept: held.includes(key) };
});
