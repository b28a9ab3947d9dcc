"""A manuscript as a page that any browser shows: no scripts, nothing from elsewhere, the model's text marked."""

from html import escape

from tui.exporting.passages import passages, takes
from tui.manuscript.manuscript import Manuscript
from tui.manuscript.takes import Take

# The marks differ in form too, not in colour only.
_HEAD = """<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Pantoum">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 38em; margin: 3em auto; padding: 0 1em; font: 1.1em/1.6 Georgia, "Times New Roman", serif; }}
main {{ white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }}
header, footer {{ font: 0.8em/1.5 system-ui, sans-serif; opacity: 0.8; }}
table {{ border-collapse: collapse; }}
td, th {{ text-align: start; padding: 0 1em 0 0; font-weight: normal; }}
mark {{ background: #fbe6c2; color: #3a2600; border-bottom: 2px dotted #b06f00; }}
mark.edited {{ background: #dcebd5; color: #12300a; border-bottom-style: solid; border-bottom-color: #3f7a2b; }}
@media (prefers-color-scheme: dark) {{
mark {{ background: #4a3510; color: #ffe9c4; }}
mark.edited {{ background: #1f3a1a; color: #dcf2d3; }}
}}
</style>
</head>
<body>
"""


def page(manuscript: Manuscript, title: str) -> str:
    """The page. What is pending is left out by who calls."""
    known = takes(manuscript)
    parts: list[str] = []
    used: dict[str, int] = {}
    for passage in passages(manuscript):
        text = escape(passage.text)
        if passage.origin == 0:
            parts.append(text)
            continue
        take = known.get(abs(passage.origin))
        name = take.model if take is not None else "a model"
        if passage.origin > 0:
            used[name] = used.get(name, 0) + len(passage.text.replace("\n", ""))
            parts.append(f'<mark title="{escape(_made(take, name))}">{text}</mark>')
        else:
            parts.append(
                f'<mark class="edited" title="{escape(f"the writer, within what {name} wrote")}">{text}</mark>'
            )
    body = "".join(parts)
    return f"{_HEAD.format(title=escape(title))}{_legend(manuscript, used)}<main>{body}</main>\n</body>\n</html>\n"


def _legend(manuscript: Manuscript, used: dict[str, int]) -> str:
    if not used:
        return "<header><p>All of this text is the writer's own.</p></header>\n"
    whole = max(1, manuscript.body.characters)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_share(count / whole)}</td></tr>\n" for name, count in sorted(used.items())
    )
    own = _share(manuscript.own_share)
    return (
        "<header>\n<p>Unmarked text is the writer's. <mark>So is what a model wrote</mark>, and "
        '<mark class="edited">so what the writer changed within it</mark>; pointing at a passage says which model, '
        f"with which RNG seed and dials.</p>\n<table>\n<tr><td>the writer</td><td>{own}</td></tr>\n"
        f"{rows}</table>\n<hr>\n</header>\n"
    )


def _made(take: Take | None, name: str) -> str:
    if take is None:
        return name
    dials, weights = take.dials, [f"weights {take.hash[:12]}"] if take.hash else []
    if take.chosen:
        return ", ".join([f"chosen from the list of {take.model}", *weights])
    said = [f"{take.model}, RNG seed {take.seed}, temperature {dials.temperature:g}"]
    said += [f"top-k {dials.top_k}"] if dials.top_k else []
    said += [f"top-p {dials.top_p:g}"] if dials.top_p < 1 else []
    said += [f"min-p {dials.min_p:g}"] if dials.min_p else []
    return ", ".join([*said, *weights])


def _share(share: float) -> str:
    return f"{share * 100:.0f} %"
