"""Whether a rule that a person wrote can be trusted: its expression is safe to run, and its examples say what it does.

An expression runs over every text of everybody, and one that backtracks for minutes would stop the studio. So one that
repeats a repetition without end is refused (`expression_problem`), and the others are run in a process of their own on
texts that are meant to be slow, with a bound on its processor time (`too_slow`).
An exception in a text may lower a rule but never clear it, so the words that trigger it are made from its expression
and added to the violating examples (`magic_words`, `tried`).
Leaves out stored texts (app/services/rulebook_trial.py).
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any, Literal

from relate_engine.brief import Brief, parse_brief
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.folding import fold
from relate_engine.rewards.rules import Rule, RuleSet
from relate_engine.scorecard import Finding

LONGEST_EXPRESSION = 6000
TEXT = 2500  # characters of a slow text: the longest that the studio takes
CPU_S, WALL_S = 3, 30  # the process is ended after so much work, and at last after so long
SAMPLES, PROBES = 12, 60
MANY, HEADS, SHORT = 9, 12, 200  # repetitions that count as long; how many are tried; characters that show the worst
_parser = import_module("re._parser")  # the reader behind re.compile; it has no public name
_CATEGORIES = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a", "CATEGORY_NOT_SPACE": "a"}
_RUN = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1]) + 1))
expressions, texts = json.load(sys.stdin)
for expression in map(re.compile, expressions):
    for text in texts:
        for _ in expression.finditer(text): pass
"""

Kind = Literal["violating", "clean", "magic"]


@dataclass(frozen=True)
class Tried:
    """What a rule made of one text. `word`: the exception that was added to it, for a magic one."""

    kind: Kind
    text: str
    findings: tuple[Finding, ...]
    passed: bool
    word: str = ""


def expression_problem(expression: str) -> str:
    """Why an expression may not be a rule, as the end of a sentence; "" where it may."""
    if len(expression) > LONGEST_EXPRESSION:
        return f"is {len(expression):,} characters long; keep it under {LONGEST_EXPRESSION:,}"
    try:
        compiled, tree = re.compile(expression), _parser.parse(expression)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is not a valid expression ({error})"
    if compiled.search("") or compiled.match(""):
        return "matches the empty text, so it would match everything"
    if _nested(tree, False):
        return "repeats a repetition without end, such as (a+)+, which can take hours; bound the inner one, as {1,5}"
    return ""


def _nested(tokens: Iterable[Any], inside: bool) -> bool:
    """Whether a repetition without end lies inside another one."""
    for op, argument in tokens:
        endless = False
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT"):
            endless = argument[1] == _parser.MAXREPEAT
            if endless and inside:
                return True
        if any(_nested(part, inside or endless) for part in _parts(str(op), argument)):
            return True
    return False


def _parts(op: str, argument: Any) -> list[Any]:
    """The expressions inside one token."""
    if op == "BRANCH":
        return list(argument[1])
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [argument[2]]
    if op == "SUBPATTERN":
        return [argument[-1]]
    if op in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    return [argument] if op == "ATOMIC_GROUP" else []


def too_slow(expressions: Sequence[str], examples: Sequence[str]) -> bool:
    """Whether the expressions take longer than CPU_S on texts made to be slow. They must be valid ones."""
    pieces = ["a", "1", " ", "a ", "aA1", "!", "a.", "\n", "字"]
    texts: list[str] = []
    for expression in expressions:
        texts += _pumped(expression)
        pieces += [c for c in dict.fromkeys(expression) if not c.isalnum()]
        pieces += magic_words(expression)
        pieces += [c for c in dict.fromkeys(expression) if c.isalnum()][:8]
    pieces += examples
    texts += [piece * (TEXT // len(piece) + 1) for piece in list(dict.fromkeys(p for p in pieces if p))[:PROBES]]
    texts = [ended for text in dict.fromkeys(texts) for ended in (text[:TEXT], f"{text[:TEXT]}\x00")]
    told = json.dumps([list(expressions), texts])
    command = [sys.executable, "-I", "-S", "-c", _RUN, str(CPU_S)]
    try:
        ended = subprocess.run(command, input=told, text=True, capture_output=True, timeout=WALL_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    return ended.returncode != 0


def _pumped(expression: str) -> list[str]:
    """Texts that bring the matcher to a repetition and keep it there: what comes before it, then its body many times.

    Its body is also every character of the expression, because two ways to read one of them are what backtracks."""
    chars = list(dict.fromkeys(expression))[:PROBES]
    found: list[str] = []
    for head, bodies in _repetitions(_parser.parse(expression), "")[:HEADS]:
        found += [head + body * (TEXT // len(body) + 1) for body in bodies]
        found += [head + char * SHORT for char in chars]
    return found


def _repetitions(tokens: Iterable[Any], head: str) -> list[tuple[str, list[str]]]:
    """Of each long repetition: a text that leads to it, and some of its shortest bodies."""
    found: list[tuple[str, list[str]]] = []
    for op, argument in tokens:
        name = str(op)
        if name in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] > MANY:
            found.append((head, [body for body in dict.fromkeys(_strings(argument[2])) if body][:4]))
        for part in _parts(name, argument):
            found += _repetitions(part, head)
        head += _token(name, argument)[0]
    return found


def magic_words(expression: str) -> tuple[str, ...]:
    """Short texts that an exception's expression matches: what somebody would add to a text to switch a rule off."""
    compiled = re.compile(expression)
    made = dict.fromkeys(s.strip() for s in _strings(_parser.parse(expression)))
    return tuple(word for word in made if word and compiled.search(word))[:SAMPLES]


def _strings(tokens: Iterable[Any]) -> list[str]:
    """Some of the shortest strings of an expression, at most SAMPLES · 4; anchors and looks around are passed over."""
    found = [""]
    for op, argument in tokens:
        more = _token(str(op), argument)
        found = [a + b for a, b in list(product(found, more))[: SAMPLES * 4]]
    return found


def _token(op: str, argument: Any) -> list[str]:
    if op == "LITERAL":
        return [chr(argument)]
    if op == "IN":
        return [_member(argument)]
    if op in ("ANY", "NOT_LITERAL"):
        return ["x"]
    if op == "BRANCH":
        return [s for branch in argument[1] for s in _strings(branch)[:SAMPLES]]
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least = int(argument[0])
        return [s * least for s in _strings(argument[2])] if least else [""]
    if op in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _strings(_parts(op, argument)[0])
    return [""]


def _member(choices: Sequence[Any]) -> str:
    """One character of a set."""
    op, argument = str(choices[0][0]), choices[0][1]
    if op == "LITERAL":
        return chr(argument)
    if op == "RANGE":
        return chr(argument[0])
    return _CATEGORIES.get(str(argument), "x") if op == "CATEGORY" else "x"


def tried(rule: Rule) -> list[Tried]:
    """The rule on its own examples, and on its violating ones with each bare exception added.

    A violating text must be hit as hard as the rule says, a clean one not at all; an exception may lower a hit, not
    clear it."""
    found = [_tried(rule, "violating", text) for text in rule.violating]
    found += [_tried(rule, "clean", text) for text in rule.clean]
    found += [_tried(rule, "magic", text) for text in rule.magic]
    words = magic_words(rule.unless.pattern) if rule.unless else ()
    for word, text in product(words, rule.violating[:2]):
        after = _tried(rule, "magic", f"{text} {word}", word)
        found.append(after if after.passed else _tried(rule, "magic", f"{word}: {text}", word))
    return found


def _tried(rule: Rule, kind: Kind, text: str, word: str = "") -> Tried:
    hits = hits_of(rule, text)
    if kind == "violating":
        passed = any(f.severity == rule.severity for f in hits)
    elif kind == "clean":
        passed = not hits
    else:
        passed = any(f.severity in ("block", "warn", rule.severity) for f in hits)
    return Tried(kind, text, hits, passed, word)


def hits_of(rule: Rule, text: str) -> tuple[Finding, ...]:
    """What the rule finds in a text, in the first place where it holds."""
    placement = min(rule.placements) if rule.placements else "google_rsa"
    slot = min(rule.slots) if rule.slots else "primary_text" if placement == "meta_feed" else "headline"
    countries = ["de" if c == "eu" else c for c in sorted(rule.countries)] or ["us"]
    about: Brief = parse_brief(
        {"product": "Sample", "description": "A sample.", "countries": countries}
        | ({"vertical": rule.verticals[0]} if rule.verticals else {})
    )
    return tuple(check_text(RuleSet("", (rule,)), text, placement, slot, countries, about)[0])


def holds_exception(rule: Rule, text: str) -> bool:
    """Whether the text holds an exception of the rule, so that a hit was lowered for it."""
    return rule.unless is not None and rule.unless.search(fold(text).text) is not None
