"""Every chart keeps names in any script in its sentence, on its axis and in its table; and what the plane says.

Names are Arabic with its vowel signs, Hindi with joined letters, and Chinese: the marks belong to the letters.
"""

import inspect
import json
from collections.abc import Callable
from types import ModuleType

import pandas as pd
import pytest

from app.components import charts, charts_results, charts_rounds
from app.components.card import table_html
from app.components.charts import Chart
from app.services import analytics_rates
from app.services.analytics_rates import Pcoc
from app.services.analytics_rounds import Gap
from relate_engine.training.card import Curve, Point

ARABIC, HINDI, CHINESE = "كاتِبٌ مُدَرَّب", "हिन्दी लेखक", "中文写手"
NAMES = (ARABIC, HINDI, CHINESE)
DAY = pd.Timestamp("2026-03-01", tz="UTC")
WIDE = {"low": 0.1, "high": 0.9}


def over_time(one: str, two: str) -> Chart:
    days = pd.DataFrame({"day": [DAY, DAY], "kind": [one, two], "count": [3, 1]})
    return charts.over_time("H", "texts", days, "kind", "n")


def trend(one: str, two: str) -> Chart:
    later = DAY + pd.Timedelta(days=1)
    return charts.trend("H", pd.DataFrame(
        {"day": [DAY, later, DAY, later], "reward": [one, one, two, two], "mean": [0.2, 0.9, 0.5, 0.5], **WIDE}
    ), "n")  # fmt: skip


def rates(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"angle": [one, two], "picked": [8, 2], "shown": [10, 10], "rate": [0.8, 0.2], **WIDE})
    return charts.rates("H", "picked", frame, "angle", "picked", "shown", "n")


def means(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"by": [one, two], "reward": ["ctr", "ctr"], "mean": [0.2, 0.9], "texts": [3, 4], **WIDE})
    return charts.means("H", frame, "by", "n")


def spread(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"by": [one, two], "texts": [3, 4], "ctr": [0.5, 0.4], **WIDE})
    return charts.spread("H", f"{charts.safe(one)} leads.", frame, "by", "ctr", ".0%", "n", (0.0, 1.0))


def reliability(one: str, two: str) -> Chart:
    return charts_results.reliability(Curve(one, (Point(0.2, 0.3, 0.1, 0.4, 50.0),)), "n")


def pcoc(one: str, two: str) -> Chart:
    found = [Pcoc(name, "CTR", 9, 12.0, 10.0, 1.2, 0.9, 1.5) for name in (one, two)]
    return charts_results.pcoc("H", found, "n")


def funnel(one: str, two: str) -> Chart:
    stages = pd.DataFrame({"stage": ["Drafted", one, "Live", "Converted"], "texts": [100, 20, 19, 18], "of": 100,
                           "rate": [1.0, 0.2, 0.19, 0.18], **WIDE})  # fmt: skip
    return charts_results.funnel("H", stages, "n")


def plane(one: str, two: str) -> Chart:
    return charts_results.plane("H", writers((one, 0.002, 90.0), (two, 0.001, 80.0)), "n")


def reasons(one: str, two: str) -> Chart:
    return charts_results.reasons("H", "dropped", pd.DataFrame({"reason": [one, two], "count": [5, 2]}), "n")


def over_steps(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"step": [1, 2, 3, 4, 5], "measure": "r", "value": [0.1, 0.2, 0.3, 0.4, 0.5], **WIDE})
    return charts_rounds.over_steps("H", frame, {"r": one}, "axis", "n")


def gap(one: str, two: str) -> Chart:
    found = [Gap(v, judge, 9, 0.5, 0.6, 0.1, 0.05, 0.15) for v in (two, one) for judge in ("reward", "sales")]
    return charts_rounds.gap(found, {one: (0.4, 0.6)}, "n")


def held_out(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"version": [two, one], "measure": "m", "before": [0.5, 0.6], "after": [0.6, 0.7],
                          "change": 0.1, "low": 0.05, "high": 0.15})  # fmt: skip
    return charts_rounds.held_out(frame, {"m": "Measure"}, "H", "n")


def moves(one: str, two: str) -> Chart:
    frame = pd.DataFrame({"version": [two, one], "start": "writer-1", "kl": [0.1, 0.2], "bound": 0.5})
    return charts_rounds.moves("H", frame, "n")


MADE: tuple[Callable[[str, str], Chart], ...] = (
    over_time, trend, rates, means, spread, reliability, pcoc, funnel, plane, reasons, over_steps, gap, held_out, moves,
)  # fmt: skip
# whose sentence names no group, and which put no name into their table (its heading has it) or on their axis
NO_NAME_SAID = (over_time, pcoc)
NO_NAME_IN_TABLE = (reliability,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", MADE)
def test_a_name_stays_whole_wherever_it_is_shown(make: Callable[[str, str], Chart], name: str) -> None:
    chart = make(name, "plain")
    if make not in NO_NAME_SAID:
        assert name in chart.reading
    assert name in json.dumps(chart.figure.to_plotly_json(), ensure_ascii=False, default=str)
    told = chart.table.to_csv(index=False)
    assert name in (told if make not in NO_NAME_IN_TABLE else chart.heading)
    assert make in NO_NAME_IN_TABLE or name.encode() in charts.csv_of(chart.table)


@pytest.mark.parametrize("make", MADE)
def test_a_legend_hangs_on_the_picture_and_not_on_the_plot(make: Callable[[str, str], Chart]) -> None:
    legend = make("one", "two").figure.layout.legend
    assert (legend.xref, legend.yref, legend.y, legend.yanchor) == ("container", "container", 0, "bottom")


def test_steps_are_read_without_units_and_powers_of_ten() -> None:
    drift = pd.DataFrame({"step": range(1, 6), "measure": "kl", "value": [7e-6, 0.1, 0.2, 0.3, 0.4], **WIDE})
    told = charts_rounds.over_steps("H", drift, {"kl": "KL to the start, nats a token"}, "axis", "n").reading
    assert told == "Over 5 steps KL to the start moved: 0.000 in the first fifth, 0.4 in the last."


def test_a_long_reason_is_cut_where_it_shows() -> None:
    told = "a sentence begins in lower case, like the rest of one"
    chart = charts_results.reasons("H", "dropped", pd.DataFrame({"reason": [told], "count": [5]}), "n")
    assert list(chart.figure.data[0].y) == ["a sentence begins in lower case, like t…"] and told in chart.reading


def test_every_chart_is_tried() -> None:
    def makers(module: ModuleType) -> set[str]:
        functions = inspect.getmembers(module, inspect.isfunction)
        return {n for n, f in functions if f.__module__ == module.__name__ and f.__annotations__.get("return") is Chart}

    assert set().union(*map(makers, (charts, charts_results, charts_rounds))) == {make.__name__ for make in MADE}


@pytest.mark.parametrize("name", NAMES)
def test_a_safe_name_keeps_its_marks_and_drops_what_markdown_reads(name: str) -> None:
    assert charts.safe(name) == name
    assert charts.safe(f"<b>{name}</b> [x](y) `z`_$") == f" b {name}  b   x (y)  z   "
    assert charts.safe("می\u200cخواهم") == "می\u200cخواهم"  # Persian needs its joiner


def test_each_cell_of_a_table_finds_its_own_direction() -> None:
    made = table_html(("Text", "Slot"), [(ARABIC, "headline"), ("<i>", CHINESE)])
    assert made.count('<td dir="auto">') == 4
    assert f'<td dir="auto">{ARABIC}</td>' in made and '<td dir="auto">&lt;i&gt;</td>' in made


def writers(*given: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"policy": name, "texts": 40, "ctcvr": ctcvr, "ctcvr_low": ctcvr - 0.0002, "ctcvr_high": ctcvr + 0.0002,
          "score": score, "score_low": score - 2, "score_high": score + 3} for name, ctcvr, score in given]
    ).assign(**dict.fromkeys(analytics_rates.SOLD, float("nan")))  # fmt: skip


def with_results(frame: pd.DataFrame, **sold: tuple[int, int, float, float, float]) -> pd.DataFrame:
    """By writer: impressions, sales, rate, low, high; four texts each."""
    for name, told in sold.items():
        frame.loc[frame["policy"] == name, analytics_rates.SOLD] = [4, *told]
    return frame


NO_RESULTS = " No campaign results tell what one of these texts alone sold, so this is the model's own opinion."


def test_the_plane_with_one_writer_that_leads_on_both() -> None:
    chart = charts_results.plane("H", writers(("w-2", 0.002, 90.0), ("w-1", 0.001, 80.0)), "n")
    told = "w-2 leads on both: predicted sales 0.200% an impression, compliance 90 of 100."
    assert chart.reading == told + NO_RESULTS


def test_the_plane_with_two_writers_who_lead_on_one_each() -> None:
    chart = charts_results.plane("H", writers(("w-1", 0.0015, 95.0), ("w-2", 0.002, 70.0)), "n")
    assert chart.reading == (
        "w-2 is predicted to sell most (0.200% an impression) at compliance 70; w-1 is the safest (95) at 0.150%."
        + NO_RESULTS
    )
    first, second = chart.figure.data
    assert (first.name, first.x[0], first.y[0]) == ("w-1", 95.0, 0.0015)
    assert (second.name, second.x[0], second.y[0]) == ("w-2", 70.0, 0.002)
    assert (second.error_x.array[0], second.error_x.arrayminus[0]) == (3, 2)
    assert second.error_y.array[0] == pytest.approx(0.0002)
    assert first.marker.symbol != second.marker.symbol  # not by colour alone


def test_the_plane_says_where_a_lead_may_be_chance() -> None:
    chart = charts_results.plane("H", writers(("w-1", 0.0019, 80.0), ("w-2", 0.002, 90.0)), "n")
    assert "The intervals of predicted sales overlap, so that lead may be chance." in chart.reading
    alone = charts_results.plane("H", writers(("w-1", 0.0019, 80.0)), "n")
    assert alone.reading == f"w-1 alone wrote in these days: nothing to compare.{NO_RESULTS}"


def test_what_was_observed_stands_beside_what_was_predicted() -> None:
    frame = with_results(
        writers(("w_1", 0.0015, 95.0), ("w_2", 0.002, 70.0), ("w_3", 0.001, 60.0)),
        w_1=(4000, 40, 0.01, 0.0074, 0.0136), w_2=(2000, 4, 0.002, 0.0008, 0.0051),
    )  # fmt: skip
    chart = charts_results.plane("H", frame, "n")
    assert chart.reading.endswith(
        "Observed: w 1 sold most, not as predicted, in 1.000% of 4,000 impressions (0.740% to 1.360%, 4 texts); "
        "clearly more than every other; 1 writer without results."
    )
    points = {point.name: point for point in chart.figure.data}
    assert list(points) == ["w_1, predicted", "w_1, observed", "w_2, predicted", "w_2, observed", "w_3, predicted"]
    told, seen = points["w_1, predicted"], points["w_1, observed"]
    assert (told.x[0], told.y[0], seen.x[0], seen.y[0]) == (95.0, 0.0015, 95.0, 0.01)
    assert seen.error_y.array[0] == pytest.approx(0.0036) and seen.error_y.arrayminus[0] == pytest.approx(0.0026)
    assert (told.marker.symbol, seen.marker.symbol) == ("circle", "circle-open")  # not by colour alone
    names = ["predicted", "observed", "observed_low", "observed_high", "impressions", "sales"]
    assert list(chart.table.set_index("policy").loc["w_2", names]) == [0.002, 0.002, 0.0008, 0.0051, 2000, 4]
    header, *lines = charts.csv_of(chart.table).decode("utf-8-sig").splitlines()
    assert "observed" in header and lines[2].endswith(",,,,,,")  # w_3 has no results


def test_observed_sales_that_overlap_or_never_came_are_no_lead() -> None:
    two = writers(("w_1", 0.002, 95.0), ("w_2", 0.001, 70.0))
    near = with_results(two.copy(), w_1=(2000, 6, 0.003, 0.0014, 0.0065), w_2=(2000, 4, 0.002, 0.0008, 0.0051))
    assert charts_results.observed_words(near) == (
        "Observed: w 1 sold most, as predicted, in 0.300% of 2,000 impressions (0.140% to 0.650%, 4 texts); the "
        "intervals overlap, so that lead may be chance."
    )
    none = with_results(two.copy(), w_1=(2000, 0, 0.0, 0.0, 0.0019), w_2=(500, 0, 0.0, 0.0, 0.0076))
    assert charts_results.observed_words(none) == "Observed: no sale came from 2,500 impressions yet."
    alone = with_results(two.copy(), w_2=(2000, 4, 0.002, 0.0008, 0.0051))
    assert charts_results.observed_words(alone) == (
        "Observed: w 2 sold in 0.200% of 2,000 impressions (0.080% to 0.510%, 4 texts); 1 writer without results."
    )


def test_an_observed_lead_is_told_from_intervals_over_texts_of_one_placement() -> None:
    none = float("nan")
    two = writers(("w_1", 0.002, 95.0), ("w_2", 0.001, 70.0))
    few = with_results(two.copy(), w_1=(2000, 40, 0.02, none, none), w_2=(2000, 4, 0.002, 0.0008, 0.0051))
    assert charts_results.observed_words(few) == (
        "Observed: w 1 sold most, as predicted, in 2.000% of 2,000 impressions (4 texts, too few for an interval); too "
        "few texts to say whether that is chance."
    )
    far = with_results(two.copy(), w_1=(2000, 40, 0.02, 0.01, 0.03), w_2=(2000, 4, 0.002, 0.0008, 0.0051))
    assert "clearly more than every other" in charts_results.observed_words(far)
    pooled = charts_results.observed_words(far, pooled=True)
    assert "clearly" not in pooled and "as predicted" not in pooled and "placements are pooled" in pooled


def test_one_text_leads_nobody() -> None:
    frame = writers(("w_1", 0.003, 99.0), ("w_2", 0.002, 80.0), ("w_3", 0.001, 70.0))
    frame.loc[0, ["texts", "ctcvr_low", "ctcvr_high", "score_low", "score_high"]] = [1] + [float("nan")] * 4
    told = charts_results.plane("H", frame, "n").reading
    assert told.startswith("w 2 leads on both") and "w 1 has one text: nothing known of others." in told
    told = charts_results.plane("H", frame.head(2), "n").reading
    assert told.startswith("No two writers have several texts, so nobody leads. w 1 has one text")


def test_writers_of_other_placements_are_not_compared() -> None:
    frame = writers(("w_1", 0.003, 99.0), ("w_2", 0.002, 80.0), ("w_3", 0.001, 70.0))
    why = "rates differ between placements, and none holds two texts of each writer."
    assert charts_results.plane("H", frame, "n", ["w_1"]).reading.startswith(
        f"w 2 leads on both: predicted sales 0.200% an impression, compliance 80 of 100. Not compared: w 1; {why}"
    )
    refused = charts_results.plane("H", frame, "n", ["w_1", "w_2", "w_3"]).reading
    assert refused == f"Not compared: w 1, w 2, w 3; {why}{NO_RESULTS}"


def test_a_reliability_diagram_says_what_its_intervals_cover() -> None:
    assert "of chance in the trials alone, not of how much texts differ" in reliability("CTR", "").reading
    none = Point(0.3, 0.5, float("nan"), float("nan"), 60.0)
    curve = Curve("CTR", (Point(0.2, 0.3, 0.1, 0.4, 50.0), none))
    chart = charts_results.reliability(curve, "n", over_texts=True)
    assert "In 1 of 1 groups" in chart.reading and "(95% interval over texts)" in chart.reading
    assert "1 more group of fewer than 5 texts cannot be judged." in chart.reading
    assert "nan" not in charts.csv_of(chart.table).decode("utf-8-sig")
    alone = charts_results.reliability(Curve("CTR", (none,)), "n", over_texts=True)
    assert alone.reading.startswith("No group of the predicted CTR holds 5 texts, too few for an interval.")


def test_how_far_versions_moved_is_held_against_the_gate() -> None:
    frame = pd.DataFrame({"version": ["w-2", "w-3", "w-4"], "start": ["the shipped writer", "w-2", "w-3"],
                          "kl": [0.1, 0.3, 0.21234], "bound": [0.5, 0.5, 0.2]})  # fmt: skip
    one = charts_rounds.moves("H", frame.head(1), "n")
    assert one.reading == "w-2 moved 0.100 nats a token from the shipped writer, within the 0.5 that the gate allows."
    two = charts_rounds.moves("H", frame.head(2), "n")
    assert two.reading.endswith("within the 0.5 that the gate allows; that is the farthest of 2 versions.")
    every = charts_rounds.moves("H", frame, "n")
    assert every.reading == (
        "w-4 moved 0.212 nats a token from w-3, past the 0.2 that the gate allows; of 3 versions w-3 moved farthest "
        "(0.300)."
    )
    kl, bound = every.figure.data
    assert (list(kl.y), list(bound.y)) == ([0.1, 0.3, 0.21234], [0.5, 0.5, 0.2])
    assert kl.marker.symbol != bound.marker.symbol and bound.line.dash == "dash"
    assert every.table.iloc[2].to_dict() == {
        "version": "w-4", "made from": "w-3", "KL, nats a token": 0.2123, "most allowed": 0.2,
    }  # fmt: skip


def test_the_training_reward_is_said_to_be_of_the_first_and_last_steps() -> None:
    table = gap("grpo-77", "grpo-76").table.set_index("judge")
    row = table.loc["Training reward, at the first and the last steps"]  # a quarter of them each, or one
    assert (row["version"], row["before"], row["after"], row["change"]) == ("grpo-77", 0.4, 0.6, 0.2)
