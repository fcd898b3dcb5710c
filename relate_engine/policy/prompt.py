"""The prompt: one template per slot, the brief first, then the control codes: the angle, and the point it is about.

Everything before the slot line is the same for every text of a brief, so its KV cache is computed once
and shared by all slots and angles. Brief text is data on labelled lines: newlines inside a field are
folded so that no field can pose as another line. (CREATER, arXiv 2205.08943: aspects as control codes.)
Leaves out: decoding, and the judgement of what comes back.
"""

from dataclasses import dataclass

from relate_engine.brief import ANGLES, Angle, Brief


@dataclass(frozen=True)
class Template:
    """What a slot is called in the prompt and the width the policy aims at."""

    kind: str
    aim: int

    @property
    def line(self) -> str:
        return f"{self.kind}, {self.aim} characters"


HEADLINE_30 = Template("Headline", 30)
HEADLINE_40 = Template("Headline", 40)
HEADLINE_60 = Template("Headline", 60)
DESCRIPTION_90 = Template("Description", 90)
PRIMARY_125 = Template("Primary text", 125)

TEMPLATES: dict[tuple[str, str], Template] = {
    ("google_rsa", "headline"): HEADLINE_30,
    ("google_rsa", "description"): DESCRIPTION_90,
    ("meta_feed", "primary_text"): PRIMARY_125,
    ("meta_feed", "headline"): HEADLINE_40,
    ("meta_feed", "description"): HEADLINE_30,
    ("generic", "headline"): HEADLINE_60,
    ("generic", "body"): PRIMARY_125,
}


def one_line(text: str) -> str:
    """Newlines and runs of spaces folded, so that no field can pose as another line."""
    return " ".join(text.split())


def brief_lines(brief: Brief) -> str:
    """The part of the prompt that all slots and angles share, ending in a newline."""
    lines = [f"Product: {one_line(brief.product)}"]
    if brief.vertical:
        lines.append(f"Vertical: {one_line(brief.vertical)}")
    lines.append(f"About: {one_line(brief.description)}")
    lines += [f"- {one_line(b)}" for b in brief.benefits]
    lines += [f"Proof: {one_line(c.text)}" for c in brief.claims]
    lines += [f'Review: "{one_line(r)}"' for r in brief.reviews]
    if brief.brand_kit.must_say:
        lines.append(f"Say: {one_line('; '.join(brief.brand_kit.must_say))}")
    if brief.audience:
        lines.append(f"Audience: {one_line(brief.audience)}")
    if brief.tone:
        lines.append(f"Tone: {one_line(brief.tone)}")
    return "\n".join(lines) + "\n"


def request_lines(template: Template, angle: Angle, point: str = "") -> str:
    """The lines that differ: the slot, the angle, and the point if one is given (points.py). The completion follows,
    ended by EOS."""
    about = f"Point: {one_line(point)}\n" if point else ""
    return f"{template.line}\nAngle: {ANGLES[angle]}\n{about}"


def prompt(brief: Brief, template: Template, angle: Angle, point: str = "") -> str:
    """The whole prompt of one text."""
    return brief_lines(brief) + request_lines(template, angle, point)


_SHOTS = (
    (
        Brief(product="Harlow Sleep Mask", description="A contoured silk sleep mask that blocks light without "
              "pressing on the eyes.", benefits=("mulberry silk", "adjustable strap", "machine washable"),
              audience="light sleepers", tone="calm"),
        {"Headline": "Silk Mask, No Eye Pressure",
         "Description": "Contoured mulberry silk blocks light without pressing on the eyes. Machine washable.",
         "Primary text": "Harlow Sleep Mask is contoured, so mulberry silk blocks the light and nothing presses on "
                         "the eyes."},
    ),
    (
        Brief(product="Penfold Bike Repair", description="A mobile bike workshop that comes to your home or office and "
              "services your bike on the spot.", benefits=("evening visits", "parts included in the price"),
              audience="cycling commuters", tone="neighbourly"),
        {"Headline": "Bike Service at Your Door",
         "Description": "Penfold Bike Repair comes to your home or office. Parts included in the price.",
         "Primary text": "Skip the trip to the shop. Penfold Bike Repair services your bike at home or at work, with "
                         "evening visits."},
    ),
)  # fmt: skip


def few_shot(template: Template, angle: Angle) -> str:
    """Worked examples put before the prompt of an untrained base, which otherwise rambles."""
    shots = (brief_lines(b) + request_lines(template, angle) + texts[template.kind] for b, texts in _SHOTS)
    return "\n\n".join(shots) + "\n\n"
