"""When a page of the studio stands, and how far it jumped on the way: watched from inside the browser.

A page stands when its script has ended, it shows, no part is a placeholder or greyed as stale, and nothing has changed
for `STILL_MS`; the time told is that of its last change. A jump is what Chromium calls a layout shift: the share of the
window that moved, times how far, without a press just before (web.dev/cls; up to .1 counts as good). Jumps count from
the first words on: before them Chromium counts an empty frame that grows, which nobody sees. What studio.css hides for
the first moment does not count either, because it is not seen.
"""

from typing import Any

STILL_MS = 400  # longer than the pauses between two parts of a page that is coming
GOOD_SHIFT = 0.1
LONG_MS = 60_000  # other work may share the machine

WATCH = """(() => {
  if (window.rl) return;
  const rl = window.rl = {last: 0, began: 0, jumps: []};
  const words = () => document.querySelector('[data-testid=stMain] h1');
  const drawn = then => requestAnimationFrame(() => requestAnimationFrame(then));
  document.addEventListener('animationend', () => { rl.last = performance.now(); }, true);
  const on = () => new MutationObserver(() => {
    rl.last = performance.now();
    if (!rl.began && words()) { rl.began = Infinity; drawn(() => { rl.began = performance.now(); }); }
  }).observe(
    document.documentElement, {subtree: true, childList: true, attributes: true, characterData: true});
  document.documentElement ? on() : document.addEventListener('DOMContentLoaded', on);
  new PerformanceObserver(found => { for (const e of found.getEntries()) if (!e.hadRecentInput) rl.jumps.push(
    {share: e.value, at: Math.round(e.startTime), what: e.sources.map(s => {
      const n = s.node && (s.node.nodeType === 1 ? s.node : s.node.parentElement);
      const named = n && n.closest('[data-testid]');
      const words = (n && n.innerText || '').slice(0, 40).replace(/\\s+/g, ' ');
      const [a, b] = [s.previousRect, s.currentRect].map(r => [r.x, r.y, r.width, r.height].map(Math.round).join(' '));
      return `${named ? named.dataset.testid : n && n.tagName} “${words}” ${a} → ${b}`;
    })}); }).observe({type: 'layout-shift', buffered: true});
})()"""
STANDS = """([title, still]) => {
  const at = q => document.querySelector(q), heading = at('[data-testid=stMain] h1');
  if (!heading || (title && heading.innerText.trim() !== title)) return false;
  if (getComputedStyle(heading).visibility !== 'visible') return false;
  if (at('[data-testid=stSkeleton]') || at('[data-stale=true]')) return false;
  if (at('[data-testid=stApp]')?.getAttribute('data-test-script-state') === 'running') return false;
  return performance.now() - window.rl.last >= still;
}"""


def watch(context: Any) -> Any:
    """The browser context, whose pages are watched from their first moment."""
    context.add_init_script(WATCH)
    return context


def stood_at(page: Any, title: str = "") -> float:
    """Waits until the page (of this title, if given) stands; milliseconds from its navigation to its last change."""
    page.wait_for_function(STANDS, arg=[title, STILL_MS], polling=50, timeout=LONG_MS)
    return float(page.evaluate("window.rl.last"))


def visit(page: Any, url: str) -> float:
    """Opens the address and waits until the page stands; milliseconds it took."""
    page.goto(url, wait_until="domcontentloaded", timeout=LONG_MS)
    return stood_at(page)


def shift(page: Any) -> tuple[float, list[str]]:
    """The layout shift since the page was opened, and its three largest jumps in words."""
    jumps = page.evaluate("window.rl.jumps.filter(jump => jump.at >= window.rl.began)")
    largest = sorted(jumps, key=lambda j: -j["share"])[:3]
    return sum(j["share"] for j in jumps), [
        f"{j['share']:.3f} at {j['at']} ms: {'; '.join(j['what'])}" for j in largest
    ]
