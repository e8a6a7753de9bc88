"""Templates of mails: MJML is compiled once per process, and only the compiled HTML ever meets foreign text.

Jinja's marks pass through the MJML compiler untouched, so a mention can't smuggle in a component; the HTML is rendered
with autoescape, the text part without.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from mjml import mjml2html

FOLDER = Path(__file__).resolve().parent / "templates"


def render_html(name: str, context: Mapping[str, object]) -> str:
    """The HTML of `templates/<name>.mjml`; raises jinja2.UndefinedError when the context lacks a name."""
    return _html_template(name).render(context)


def render_text(name: str, context: Mapping[str, object]) -> str:
    """The text of `templates/<name>`, without runs of more than one empty line."""
    lines = [line.rstrip() for line in _text_environment().get_template(name).render(context).splitlines()]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip() + "\n"


@lru_cache(maxsize=16)
def _html_template(name: str) -> Template:
    source = (FOLDER / f"{name}.mjml").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(mjml2html(source, fonts={}))


@lru_cache(maxsize=1)
def _text_environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(("html", "mjml")),  # the text part has no markup to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
