// Dark or light: as the system has it, until the button says otherwise. Not a module, so
// that it runs before anything is painted.
{
  const KEY = "studio-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const apply = () => {
    let chosen = null;
    try {
      chosen = localStorage.getItem(KEY);
    } catch {
      // Storage may be forbidden; the system's choice is as good.
    }
    document.documentElement.dataset.theme = chosen ?? (dark.matches ? "dark" : "light");
  };

  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Without storage it holds for this visit.
    }
    document.documentElement.dataset.theme = next;
  });
}
