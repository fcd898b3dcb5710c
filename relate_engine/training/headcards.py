"""The model cards of the shipped heads: CTR head, compliance classifier, and acceptance.

A card holds what the head's manifest says and, once `relate evaluate` has judged this very version on texts kept
from training, what the logged run says; nothing is worked out anew. A figure whose interval neither tells has none.
Leaves out: the fits and their measures (ctr.py, compliance.py, acceptance.py), how a card is written (card.py).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from relate_engine.rewards import classifier, ctrhead
from relate_engine.share import wilson
from relate_engine.training.card import Card, Curve, Metric, Point, now, read_card, write_card

Told = Mapping[str, Any]  # a manifest, or a run of validation_runs.jsonl


def ctr_card(manifest: Told, date: str, run: Told | None = None) -> Card:
    """The card of a CTR head; `run`: the logged run that judged it on the validation split."""
    data, tried, scale = manifest["data"], manifest["cross_validation"], manifest["calibration"]
    shrinking = manifest["shrinking"]
    limits = [
        "Learned on news headlines. An ad is not one, so the effect is shrunk towards zero with distance from them; "
        f"news headlines that were held out keep {shrinking['mean_factor_of_held_out_headlines']:.0%} of it on "
        "average, a short ad next to nothing.",
        f"It explains {(scale['explained'] / scale['spread']) ** 2:.0%} of the variance of what headlines do to clicks "
        "inside a test; the rest is in the interval of each rate.",
        "It predicts differences in log-odds between texts and no rate. Neither its manifest nor the logged run holds "
        "bins of predicted against observed, so there is no reliability diagram.",
        "The ridges and the stack were chosen on the same cross-validation, which flatters those figures a little.",
    ]
    if run is None:
        limits.append("Not judged on validation tests yet: run `relate evaluate ctr`.")
    return Card(
        "CTR head",
        ctrhead.name_of(manifest["files"]),
        "What a text does to its click rate, learned from headline A/B tests; 50 % accuracy is guessing.",
        manifest["command"],
        date,
        {
            "headline tests": data["name"],
            "pairs of headlines": f"{data['pairs']:,} in {data['groups']:,} groups of tests",
            "headlines with their clicks": f"{data['arms']:,}",
            "starts from": manifest["encoder"]["name"],
        }
        | _judged(run),
        (*(_accuracies(run) if run else ()), *_ctr_trained(tried)),
        (),
        tuple(limits),
        "prior",
    )


def _accuracies(run: Told) -> Iterator[Metric]:
    for level, row in run["levels"].items():
        on = f"{row['pairs']:,} pairs of validation tests it never saw"
        for name, key in (("pair accuracy", "head"), ("pair accuracy minus TF-IDF's", "head_minus_tfidf")):
            found = row[key]
            yield Metric(f"{name}, {_level(level)}", found["value"], found["low"], found["high"], on)
    for level, share in run["interval_coverage"]["served"].items():
        yield Metric(f"share inside the {level} interval", share, note="validation pairs, as served; has no interval")


def _ctr_trained(tried: Told) -> Iterator[Metric]:
    for level, row in tried["chosen"].items():
        found = row["accuracy_0"]
        on = f"{row['pairs']:,} pairs, cross-validated by group of tests"
        yield Metric(f"pair accuracy in training, {_level(level)}", found["value"], found["low"], found["high"], on)


def _level(level: str) -> str:
    return "any difference" if level == "all" else f"difference at {level.replace('<', ' < ')}"


def compliance_card(manifest: Told, date: str, run: Told | None = None) -> Card:
    """The card of a compliance classifier; `run`: the logged run that judged it on the held-out texts."""
    used, tried = manifest["data"]["used"], manifest["cross_validation"]
    weakest = min(tried["recall_by_category"], key=tried["recall_by_category"].__getitem__)
    limits = [
        f"P(violation) is calibrated on training texts, of which {used['violations'] / used['texts']:.0%} violate; "
        "ordinary ads violate less often, so for them P is too high.",
        f"It cautions from P = {manifest['threshold']:g} and lowers a rule's hint under P = {manifest['doubt']:g}; "
        "both were chosen on the cross-validation shown here.",
        "It blocks in no category until a workspace's blind verdicts confirm it.",
        f"Weakest in training: {weakest.replace('_', ' ')}, of which rules and classifier find "
        f"{tried['recall_by_category'][weakest]:.0%}.",
        "English texts alone, labelled by hand by a few authors in sets of a violation and its near misses; a trick "
        "none of them thought of may pass.",
    ]
    if run is None:
        limits.append("Not judged on held-out texts yet: run `relate evaluate compliance`.")
    return Card(
        "Compliance classifier",
        classifier.name_of(manifest["files"]),
        "How likely an ad text breaks a rule of advertising, and which one; a second reader beside the written rules.",
        manifest["command"],
        date,
        {
            "labelled texts": f"{used['texts']:,} in {len(manifest['data']['ad_texts'])} files and the examples of "
            f"the rules, {used['violations']:,} of them violations",
            "ordinary ad texts": f"{used['ordinary']:,}, and {used['ordinary_check']:,} to set the threshold",
            "shared sets": f"{used['shared']:,} texts: {'; '.join(manifest['data']['shared'].values())}",
            "starts from": manifest["encoder"]["name"],
            "rules": manifest["rules"],
        }
        | _judged(run),
        (*(_recall(run) if run else ()), *_compliance_trained(tried)),
        (_bins(tried["calibration"]["bins"]),),
        tuple(limits),
        "labelled",
    )


def _recall(run: Told) -> Iterator[Metric]:
    for name, key in (
        ("violations found, with the rules", "recall"),
        ("violations found, alone", "recall_of_classifier_alone"),
        ("clean texts cautioned or blocked, with the rules", "clean_cautioned_or_blocked"),
        ("clean texts cautioned, alone", "clean_cautioned_by_classifier"),
    ):
        found = run[key].get("all", run[key])
        low, high = found["interval"]
        yield Metric(name, found["share"], low, high, f"{found['texts']} held-out texts")
    yield Metric("AUC", run["auc_of_classifier"], note="held-out texts; the run logged no interval")


def _compliance_trained(tried: Told) -> Iterator[Metric]:
    told = f"cross-validated by {tried['by']}"
    low, high = tried.get("auc_interval", (None, None))
    without = "" if low is not None else "; the manifest has no interval"
    yield Metric("AUC in training", tried["auc"]["both"], low, high, told + without)
    error = tried["calibration"]["expected_error"]
    yield Metric("expected calibration error", error, note=f"{told}, in the bins of the diagram; has no interval")


def _bins(bins: list[dict[str, float]]) -> Curve:
    """Reliability from bins of a manifest: texts, mean P that was said, and the share that is true."""
    points = []
    for b in bins:
        low, high = wilson(round(b["true"] * b["texts"]), b["texts"])
        points.append(Point(b["said"], b["true"], low, high, b["texts"]))
    return Curve("P(violation)", tuple(points))


def acceptance_card(report: Told, date: str, interval: tuple[float, float], curve: Curve) -> Card:
    """The card of an acceptance fit, whose command also measures the AUC's interval and the diagram."""
    texts, share = report["texts"], report["passed"] / report["texts"]
    on = "cross-validated by brief"
    metrics = [Metric("AUC", report["auc_grouped_cv"], *interval, f"{texts:,} texts, {on}; briefs are resampled")]
    metrics += [Metric(f"AUC, {kind} slots", auc, None, None, on) for kind, auc in report["auc_by_kind"].items()]
    for top, passed in report["passed_among_top"].items():
        count = int(float(top.rstrip("%")) / 100 * texts)
        note = f"{count:,} texts, {on}; as if texts of one brief were independent"
        metrics.append(Metric(f"passed among the top {top}", passed, *wilson(round(passed * count), count), note))
    return Card(
        "Acceptance",
        report["version"],
        "How likely an editor would run a sampled text as it stands; chooses which drafts are shown.",
        report["command"],
        date,
        {
            "judged drafts": f"{texts:,}, of which an editor passed {report['passed']:,} ({share:.0%})",
            "and by earlier editors": f"{report['earlier']:,}; for headlines and primary texts they count for little",
            "files": ", ".join(report["data_sha256"]),
            "signals": f"{len(report['signals'])} of a text and its brief",
        },
        tuple(metrics),
        (curve,),
        (
            "Learned from drafts of this project's own writers: on texts of another writer it is weak evidence.",
            "It says what an editor would run, and nothing about clicks or sales.",
            f"Its probabilities hold where {share:.0%} of the sampled texts are worth running; a writer that is better "
            "or worse shifts them.",
        ),
        "labelled",
    )


def _judged(run: Told | None) -> dict[str, str]:
    return {"judged by": f"logged run {run['run']} of {run['at'][:10]}"} if run else {}


HEADS = {  # kind of a logged run → its key for the head's version, its module, the card
    "ctr": ("head", ctrhead, ctr_card),
    "compliance": ("classifier", classifier, compliance_card),
}


def write_head_card(kind: str, folder: Path, log: Path | None = None) -> None:
    """The card of the head in `folder`, with the newest run in `log` that judged this version.

    Its date is that of the training: a card that this version has keeps its own, and a head that was trained before
    cards were written, but judged since, has that of the run.
    """
    key, head, make = HEADS[kind]
    manifest = json.loads((folder / head.MANIFEST).read_text("utf-8"))
    version, old = head.name_of(manifest["files"]), read_card(folder)
    lines = log.read_text("utf-8").splitlines() if log and log.exists() else []
    runs = [run for line in lines if (run := json.loads(line))["kind"] == kind and run[key] == version]
    mine = old is not None and old.version == version
    date = old.date if old is not None and mine else runs[0]["at"] if runs else now()
    write_card(make(manifest, date, runs[-1] if runs else None), folder)
