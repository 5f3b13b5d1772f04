"""Documents as Markdown: every block, and text from elsewhere that is shown as it is."""

from __future__ import annotations

import re

from hypothesis import given

from tfmatrix.report.blocks import (
    Block,
    Break,
    Code,
    Details,
    Emphasis,
    Heading,
    Item,
    Link,
    Listing,
    Picture,
    Strong,
    Text,
    bullets,
    paragraph,
    table,
)
from tfmatrix.report.markdown import inline, to_markdown
from tfmatrix.report.text import plain

from .texts import ANY, TEXTS


def test_every_block_as_markdown() -> None:
    """Blocks stand apart by an empty line, pictures close together, and what is empty is left out."""
    document: list[Block] = [
        Heading(2, ("Of ", Code("it"))),
        paragraph(("One ", Strong("line"), ","), ("and ", Emphasis("another"), " ", Link("there", "#x"), ".")),
        table([], []),
        bullets([]),
        table(["a", "b"], [["x", ("1", Break(), "2")], ["2.10", "007"]], right=(1,)),
        bullets([Item("a", (Item("b"), Item(Code("c")))), "d"]),
        Details("More", [Picture("one_", "1.svg"), Picture("two", "2.svg")]),
        Listing("python", "a = 1\n"),
    ]
    assert (
        to_markdown(document)
        == """\
## Of `it`

One **line**,
and *another* [there](#x).

| a    |      b |
|:-----|-------:|
| x    | 1<br>2 |
| 2.10 |    007 |

- a
  - b
  - `c`
- d

<details><summary>More</summary>

![one\\_](1.svg)
![two](2.svg)

</details>

```python
a = 1
```
"""
    )


@given(ANY)
def test_any_text_is_escaped_and_none_of_it_lost(text: str) -> None:
    """No tag and no mark of Markdown's is left bare, and undoing the escapes gives the plain text."""
    safe = inline(text)
    assert "<" not in safe
    assert ">" not in safe
    assert not re.search(r"[`*_\[\]|~#]", re.sub(r"\\.", "", safe))
    undone = re.sub(r"\\(.)", r"\1", safe)
    assert undone.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == plain(text)


@given(ANY)
def test_any_text_as_code_leaves_the_table_whole(text: str) -> None:
    """A code span has no backtick and no bar within, or the text is escaped instead."""
    shown = inline(Code(text))
    if shown.startswith("`"):
        assert shown == f"`{plain(text)}`"
        assert "`" not in plain(text)
        assert "|" not in shown
    else:
        assert shown == (inline(text) if plain(text) else "")


@given(TEXTS, TEXTS)
def test_a_row_is_one_line_with_as_many_cells_as_it_has(first: Text, second: Text) -> None:
    """No text, however it is made up, ends a line or a cell of its table."""
    *_, row = to_markdown([table(["a", "b"], [[first, second]])]).splitlines()
    assert len(to_markdown([table(["a", "b"], [[first, second]])]).splitlines()) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 3
