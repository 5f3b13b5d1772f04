"""Any text that a model, a package or a message may have, and any text made of pieces."""

from __future__ import annotations

from hypothesis import strategies as st

from tfmatrix.report.blocks import Break, Code, Emphasis, Link, Strong

ANY = st.text(st.sampled_from("ab `|<>&\\*_[]~#\n\r\t\x1b\x07\x9b;m3é\u202e\u2066\ud800"), max_size=30)

TEXTS = st.recursive(
    ANY | st.builds(Code, ANY),
    lambda texts: (
        st.builds(Strong, texts)
        | st.builds(Emphasis, texts)
        | st.builds(Link, texts, st.just("#there"))
        | st.just(Break())
        | st.lists(texts, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
