"""A button that puts a text on the real clipboard and tells the page that it did.

The text travels as data and is never HTML. Where the browser refuses the clipboard (a plain http address on a
network), the old selection command is tried; if that fails too, the button says so and nothing is noted.
"""

from collections.abc import Callable

from streamlit.components.v2 import component

_HTML = '<button type="button" part="copy"><span class="label">Copy</span></button>'
_CSS = """
button { font: inherit; font-size: 0.85rem; line-height: 1.4; min-height: 2rem; padding: 0.1rem 0.6rem; margin: 0;
  cursor: pointer; color: var(--st-text-color); background: transparent;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.5rem); }
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
"""
_JS = """
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const button = parentElement.querySelector("button");
  const label = button.querySelector(".label");
  button.setAttribute("aria-label", "Copy: " + data.text);
  const say = (words) => { label.textContent = words; setTimeout(() => { label.textContent = "Copy"; }, 1600); };
  const oldWay = () => {
    const box = document.createElement("textarea");
    box.value = data.text;
    box.style.position = "fixed";
    box.style.opacity = "0";
    document.body.appendChild(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  };
  button.onclick = async () => {
    let done = true;
    try { await navigator.clipboard.writeText(data.text); } catch (error) { done = oldWay(); }
    say(done ? "Copied" : "Select and copy");
    if (done) { setTriggerValue("copied", true); }
  };
}
"""
_button = component("copy_button", html=_HTML, css=_CSS, js=_JS)


def copy_button(text: str, key: str, on_copy: Callable[[], None]) -> None:
    """Shows the button; `on_copy` is called after the text reached the clipboard."""
    _button(key=key, data={"text": text}, on_copied_change=on_copy, width="content")
