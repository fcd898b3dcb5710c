"""A browser's own question before typed words are lost: "Leave site? Changes you made may not be saved."

A form sends what it holds when one of its buttons is pressed, and only then is it kept aside (services/aside.py). Until
then a refresh, a closed tab or another page of the studio would lose it without a word. The script notes that
somebody typed into a form with long text and has not pressed; it reads no text and sends nothing. Forms that end by a
key (the reviewer's verdicts) and single lines are left alone: a question at each of them would teach people to click
it away.
"""

import streamlit as st

_JS = """
const FORM = '[data-testid="stForm"]', PRESS = '[data-testid="stFormSubmitButton"]';
const WAY = '[data-testid="stTopNavLink"], [data-testid="stTopNavDropdownLink"], [data-testid="stSidebarNavLink"]';
let typed = null;
const open = () => typed !== null && typed.isConnected;
const listen = () => {
  document.addEventListener("input", (event) => {
    const form = event.target.closest(FORM);
    if (form && form.querySelector("textarea") && !form.querySelector("kbd")) typed = form;
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest(PRESS)) typed = null;
    if (!event.target.closest(WAY) || !open()) return;
    if (confirm("What you typed is not saved. Leave this page?")) typed = null;
    else { event.preventDefault(); event.stopPropagation(); }
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) typed = null;
  }, true);
  window.addEventListener("beforeunload", (event) => { if (open()) event.preventDefault(); });
};
export default function () {
  if (!window.relateUnsaved) { window.relateUnsaved = true; listen(); }
}
"""
_component = st.components.v2.component("relate_unsaved", html="<span hidden></span>", js=_JS)


def ask_before_leaving() -> None:
    """Call once a run; it shows nothing."""
    with st.container(key="unsaved"):
        _component(key="unsaved_words")
