// Light or dark: as the system has it until a person chooses, then as chosen, on this device.
import { useEffect, useState } from "./vendor/preact.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const present = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

const kept = localStorage.getItem("theme");
if (kept) root.dataset.theme = kept;

export function turnTheme() {
  root.dataset.theme = present() === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  dispatchEvent(new Event("theme"));
}

// The present one, for what is drawn rather than styled.
export function useTheme() {
  const [theme, setTheme] = useState(present());
  useEffect(() => {
    const turned = () => setTheme(present());
    addEventListener("theme", turned);
    system.addEventListener("change", turned);
    return () => {
      removeEventListener("theme", turned);
      system.removeEventListener("change", turned);
    };
  }, []);
  return theme;
}
