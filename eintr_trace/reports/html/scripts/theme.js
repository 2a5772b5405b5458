// The button for the page's colours: the system's, light, dark. Kept for the next page where
// the browser lets a file have a memory.
const THEMES = ["system", "light", "dark"];

function rememberedTheme() {
  try {
    return localStorage.getItem("eintr-trace-theme");
  } catch {
    return null; // storage is off
  }
}

function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) button.textContent = `Colours: ${theme}`;
  document.dispatchEvent(new Event("themechange"));
}

function nextTheme() {
  const now = document.documentElement.dataset.theme ?? "system";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  try {
    localStorage.setItem("eintr-trace-theme", next);
  } catch {
    // storage is off: it holds for this page
  }
  applyTheme(next);
}

{
  const remembered = rememberedTheme();
  applyTheme(THEMES.includes(remembered) ? remembered : "system");
  const button = document.getElementById("theme");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", nextTheme);
  }
}
