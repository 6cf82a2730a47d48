"""``pekit eval kinds``: one thing alone in memory, among others of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pekit_agents.cli.evaluation.measuring import Baselines, Draws, Files, Setup, Subject
from pekit_agents.cli.evaluation.options import DataArgument, EndpointOption, numbers
from pekit_agents.cli.output import out, plain, print_json, say
from pekit_agents.cli.signatures import grouped
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.cli.evaluation.measuring import Done
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.metrics.bootstrap import Estimate
    from pekit_agents.evaluation.metrics.summary import Summary
    from pekit_agents.evaluation.records import Run

__all__ = ["kinds"]

_HEADINGS = {
    "top1": "own\nnamed",
    "named_or_possible": "or\npossible",
    "others_named": "others\nnamed",
    "sure_wrong_share": "with\nP >= 0.8",
    "others_possible": "others\npossible",
}


@grouped
def kinds(
    *,
    data: DataArgument,
    refs: Annotated[str, typer.Option("--refs", help="numbers of references: 1,3")] = "1,3",
    of: Annotated[str | None, typer.Option("--of", help="one kind only: dog")] = None,
    draws: Draws,
    subject: Subject,
    baselines: Annotated[bool, typer.Option(help="measure a fixed cosine as well")] = True,
    second_opinion: Annotated[
        str,
        typer.Option(
            help="LVLM to ask about what is only possible, a row of its own: a hub id or folder; "
            "with --endpoint its name there"
        ),
    ] = "",
    endpoint: EndpointOption = "",
    files: Files,
) -> None:
    """Remember one thing at a time: are others of its kind taken for it?

    categories.json in the folder of the data says what each thing is: {"rex": "dog", ...}.
    """
    from pekit_agents.cli.describe import load_answerer
    from pekit_agents.evaluation.protocols import kinds as protocol
    from pekit_agents.evaluation.recognizers.baselines import COSINE

    counts = numbers("--refs", refs, int)
    answerer = load_answerer(second_opinion, endpoint) if second_opinion else None

    def measured(bench: Bench) -> Run:
        asking = replace(bench, only=(COSINE,), answerer=answerer, asked=second_opinion)
        return protocol(asking, counts, of=of)

    setup = Setup(data, draws, subject, Baselines(baselines=baselines), files)
    _show(setup.carry_out("kinds", measured), as_json=files.as_json)


def _show(done: Done, *, as_json: bool) -> None:
    from pekit_agents.evaluation.all_kinds import all_kinds
    from pekit_agents.evaluation.metrics.reliability import reliability
    from pekit_agents.evaluation.metrics.summary import summarise

    whole, parts = all_kinds(done.run), summarise(done.run.draws)
    reliable = {one.configuration.label: reliability(one.draws) for one in whole}
    if as_json:
        print_json(
            {
                "run": str(done.folder),
                "report": [str(path) for path in done.report],
                "kinds": [_as_json(one) for one in (*parts, *whole)],
                "reliability": {
                    label: asdict(each) for label, each in reliable.items() if each is not None
                },
                "seconds": round(done.run.seconds, 1),
            }
        )
        return
    out.print(_table(done.run, (*parts, *whole)))
    for label, each in reliable.items():
        if each is not None:
            worst = "" if each.largest is None else f", at most {100 * each.largest:+.1f}"
            say(
                f"Probabilities of {label}: {100 * each.error:.1f} points off on average{worst} "
                f"({counted(each.answers, 'answer')} about {counted(each.photos, 'photo')})"
            )
    say(f"Report: {done.report[0]}")


def _table(run: Run, summaries: Sequence[Summary]) -> Table:
    title = f"{run.dataset}: each thing alone, in %, with 95 % intervals over things"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("kind", overflow="fold")
    table.add_column("refs", justify="right", no_wrap=True)
    table.add_column("by", overflow="fold")
    for heading in _HEADINGS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    before = ""
    for one in sorted(summaries, key=lambda one: _order(one, summaries)):
        kind = one.configuration.condition
        if before not in ("", kind):
            table.add_section()
        things = len({name for draw in one.draws for name in draw.known})
        label = "" if kind == before else f"{plain(kind)} ({things})"
        cells = (_cell(one.estimates[key]) for key in _HEADINGS)
        who = plain(one.configuration.recognizer)
        table.add_row(label, str(one.configuration.refs), who, *cells)
        before = kind
    return table


def _order(one: Summary, summaries: Sequence[Summary]) -> int:
    """Return the place of a kind's first row: rows of one kind stand together."""
    kind = one.configuration.condition
    return next(i for i, each in enumerate(summaries) if each.configuration.condition == kind)


def _cell(found: Estimate) -> str:
    if found.mean is None:
        return ""
    text = f"{100 * found.mean:.1f}"
    if found.interval is None:
        return text
    low, high = (f"{100 * end:.0f}" for end in found.interval)
    return f"{text}\n{low}-{high}"


def _as_json(one: Summary) -> dict[str, Any]:
    from pekit_agents.evaluation.all_kinds import ALONE

    return {
        "kind": one.configuration.condition,
        "recognizer": one.configuration.recognizer,
        "refs": one.configuration.refs,
        "things": sorted({name for draw in one.draws for name in draw.known}),
        "photos": sum(len(draw.trials) for draw in one.draws),
        "measures": {key: asdict(one.estimates[key]) for key in ALONE},
    }
