// Words of a text as buttons; see __init__.py for what it does and why.
const JOINED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

// [{start, end, text}] in code points: runs between spaces, split further where a script writes without spaces
function wordsOf(text) {
  const found = [];
  let at = 0; // code points before the current piece
  for (const piece of text.split(/(\s+)/u)) {
    const size = Array.from(piece).length;
    if (piece && !/^\s+$/u.test(piece)) {
      let parts = [piece];
      if (JOINED.test(piece) && Intl.Segmenter) {
        parts = Array.from(new Intl.Segmenter(undefined, { granularity: "word" }).segment(piece), (s) => s.segment);
      }
      let start = at;
      for (const part of parts) {
        const length = Array.from(part).length;
        found.push({ start, end: start + length, text: part });
        start += length;
      }
    }
    at += size;
  }
  return found;
}

// marked neighbours make one span
function spansOf(words, marked) {
  const spans = [];
  words.forEach((word, i) => {
    if (!marked.has(i)) return;
    if (i > 0 && marked.has(i - 1)) spans[spans.length - 1][1] = word.end;
    else spans.push([word.start, word.end]);
  });
  return spans;
}

export default function ({ data, parentElement, setStateValue }) {
  const box = parentElement.querySelector(".words");
  const told = parentElement.querySelector(".told");
  box.setAttribute("aria-label", data.label);
  if (box.dataset.text === data.text) return; // a rerun: what is marked stays
  box.dataset.text = data.text;

  const words = wordsOf(data.text);
  const marked = new Set();
  words.forEach((word, i) => {
    if (data.spans.some(([start, end]) => start <= word.start && word.end <= end)) marked.add(i);
  });

  function draw() {
    Array.from(box.children).forEach((button, i) => button.setAttribute("aria-pressed", String(marked.has(i))));
    const n = marked.size;
    told.textContent = n ? `${n} ${n === 1 ? "word" : "words"} marked` : "No words marked";
  }
  function send() {
    draw();
    setStateValue("spans", spansOf(words, marked));
  }
  function focus(i) {
    Array.from(box.children).forEach((button, k) => { button.tabIndex = k === i ? 0 : -1; });
    box.children[i].focus();
  }

  box.replaceChildren(...words.map((word, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = word.text;
    button.tabIndex = i === 0 ? 0 : -1;
    button.onclick = () => {
      if (marked.has(i)) marked.delete(i); else marked.add(i);
      focus(i);
      send();
    };
    button.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = i + step;
      if (next < 0 || next >= words.length) return;
      if (event.shiftKey) {
        marked.add(i);
        marked.add(next);
        send();
      }
      focus(next);
    };
    return button;
  }));
  draw();
}
