"""The page that people read: docs/benchmarks/speech.md."""

import statistics
from collections.abc import Iterable

from speech import Figures


def page(found: Figures) -> str:
    """All of it, in Markdown."""
    run = found["run"]
    lines = [
        "# Speech",
        "",
        "`make bench-speech` writes this page and `speech.json`. "
        f"This one is of {run['at']}, on {run['cores']} cores, Python {run['python']}; "
        f"the load was {run['load']} at its start{', a quick run' if run['quick'] else ''}. "
        "Counts do not depend on the load; times do.",
        *_people(found["people"]),
        *_orders(found["orders"]),
        *_words(found["words"]),
        *_first(found["first"]),
        *_listeners(found["listeners"]),
        *_echoes(found["echoes"]),
        *_unseen(found["unseen"]),
        *_times(found["times"]),
        *_answers(found["answers"]),
    ]
    return "\n".join(lines) + "\n"


def _listed(items: Iterable[str]) -> list[str]:
    return [f"    - {each}" for each in items]


def _people(found: Figures) -> list[str]:
    words = found["words_wrong"]
    share = (
        f"{words['wrong']} of {words['of']} ({words['wrong'] / words['of']:.1%})"
        if words
        else "not installed"
    )
    lines = [
        "",
        "## Human speech",
        "",
        "Nobody in the clips asks the agent for anything, so each command is a wrong one. "
        "Everyday phrases start nothing.",
        "",
        f"- words wrong, Moonshine, {found['clips']} clips: {share}",
        f"- sentences cut by the end of a turn: {found['cut']} of {found['clips']}",
    ]
    for where, name in (
        ("tests", "the clips of the tests"),
        ("folder", "clips that packages ship (`bench/human_clips.py`)"),
    ):
        if where in found:
            taken = found[where]
            lines += [
                f"- the light engine, {name}, {taken['minutes']} minutes, {taken['turns']} turns: "
                f"{len(taken['commands'])} wrong commands, {len(taken['everyday'])} everyday phrases",
                *_listed((*taken["commands"], *taken["everyday"])),
            ]
    return lines


def _orders(found: Figures) -> list[str]:
    return [
        "",
        "## Commands of the catalogue, the light engine, synthetic voices",
        "",
        f"- {found['right']} of {found['said']} understood, {len(found['refused'])} refused, "
        f"{len(found['wrong'])} taken for another",
        *_listed((*found["refused"], *found["wrong"])),
        f"- {len(found['accepted'])} of {found['strange']} other sentences taken for one",
        *_listed(found["accepted"]),
    ]


def _words(found: Figures) -> list[str]:
    total = sum(found["silence"].values())
    return [
        "",
        f"## Commands of one word, the light engine, {found['voices']} synthetic voices",
        "",
        "Each is the first of a session, while bare numbers count, which makes it harder; "
        "a reply is in the microphone at −20 dB. "
        f"From silence {total} of {len(found['silence']) * found['voices']} are understood.",
        "",
        "| said | from silence | over a reply |",
        "|---|---|---|",
        *(f"| {word} | {count} | {found['reply'][word]} |" for word, count in found["silence"].items()),
        "",
        *(f"- {each}" for each in found["missed"]),
    ]


def _first(found: Figures) -> list[str]:
    shares = (f"{count} of {found['voices']} after {moment} s" for moment, count in found["right"].items())
    return [
        "",
        '## "Stop" over the first reply, where nothing comes back',
        "",
        f"By the seconds since the reply began, understood from {found['voices']} synthetic voices: "
        f"{', '.join(shares)}.",
    ]


def _listeners(found: Figures) -> list[str]:
    return [
        "",
        "## Those who only listen",
        "",
        '"mm-hmm", "yeah", "네" and the like over a reply that is in the microphone at −12, −20 and −30 dB.',
        "",
        f"- {found['harmless']} of {found['said']} let the reply go on",
        *_listed(found["taken"]),
    ]


def _unseen(found: Figures) -> list[str]:
    return [
        "",
        "The same by sentences, voices, delays (20 to 1300 ms) and rooms by which nothing was chosen, "
        "at these levels:",
        "",
        *(
            f"- {name}: {_echo(cell)}" + (f" ({'; '.join(cell['where'])})" if cell["where"] else "")
            for name, cell in found.items()
        ),
    ]


def _echoes(found: Figures) -> list[str]:
    levels = list(next(iter(found.values())))
    return [
        "",
        "## Turns that the voice's own echo makes",
        "",
        "| room: its sound falls by 60 dB in | " + " | ".join(f"{level} dB" for level in levels) + " |",
        "|---|" + "---|" * len(levels),
        *(
            f"| {name} | " + " | ".join(_echo(row[level]) for level in levels) + " |"
            for name, row in found.items()
        ),
    ]


def _echo(cell: Figures) -> str:
    if not cell["seconds"]:
        return "–"
    turns = cell["turns_ms"]
    return f"{len(turns)} in {cell['seconds']:.0f} s" + (f", longest {max(turns)} ms" if turns else "")


def _times(found: Figures) -> list[str]:
    delays = found["first_audio_ms"]
    opening, held = found["opening_ms"], found["loop_held_ms"]
    return [
        "",
        "## Times and CPU, the engine alone",
        "",
        f"- end of speech to first audio, {len(delays)} turns: p50 {statistics.median(delays):.0f} ms, "
        f"at most {delays[-1]} ms, {found['silence_ms']} ms of silence in it",
        f"- detected speech to a reply that is stopped: {found['interrupted_ms']} ms",
        f"- CPU of a talking session: {found['talking_cores']:.1%} of a core; "
        f"of a silent one: {found['silent_cores']:.1%}",
        f"- opening a session: {opening['1']} ms, others wait at most {held['1']} ms; "
        f"opening 8 at once: {opening['8']} ms, others wait at most {held['8']} ms",
    ]


def _answers(found: Figures) -> list[str]:
    seconds = sorted(found["seconds"].items(), key=lambda item: -item[1])
    values = [value for _, value in seconds]
    return [
        "",
        "## Spoken seconds of each answer of the catalogue",
        "",
        f"{len(values)} of {found['of']} answers in the slowest of the eight voices: "
        f"median {statistics.median(values):.1f} s, "
        f"longest {values[0]:.1f} s, {sum(value >= 12 for value in values)} of 12 s or more.",
        "",
        "| asked | s |",
        "|---|---|",
        *(f"| {said} | {value:.1f} |" for said, value in seconds),
    ]
