"""Mathematics in plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.rendering.tex import to_unicode


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"x^2 + y_1^{10}", "x² + y₁¹⁰"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"\frac12", "½"),
        (r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}", "(-b ± √(b² - 4ac))/2a"),
        (r"\sum_{i=0}^{n} i", "∑ᵢ₌₀ⁿ i"),
        (r"e^{-x^2}", "e^(-x²)"),
        (r"\alpha \in \mathbb{R}", "α ∈ ℝ"),
        (r"\lim_{x \to 0} \sin x", "lim_(x → 0) sin x"),
        (r"\left( x \right)^n", "( x )ⁿ"),
        (r"\vec{v} \cdot \hat{x}", "v\u20d7 · x\u0302"),
        (r"\sqrt[3]{x} \neq \sqrt{xy}", "∛x ≠ √(xy)"),
        (r"\text{if } x > 0,\ 5\%", "if x > 0, 5%"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "⎛a  b⎞\n⎝c  d⎠"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a = b\nc = d"),
        (r"f = \begin{cases} 1 & x \\ 0 & y \end{cases}", "f = ⎧1  x\n    ⎩0  y"),
        (r"A \Rightarrow B \iff \neg C", "A ⇒ B ⟺ ¬C"),
        (r"\binom{n}{k}", "C(n, k)"),
        (r"\log_2 n", "log₂ n"),
    ],
)
def test_common_formulas(source: str, text: str) -> None:
    assert to_unicode(source, "$") == text


@pytest.mark.parametrize("source", [r"\unknown{x}", "{{{", r"\frac{1}{", "a}", r"\frac", "\ue000", "{" * 200])
def test_the_rest_stays_as_it_was_written(source: str) -> None:
    assert to_unicode(source, "$") == f"${source}$"
    assert to_unicode(source, "\\(") == f"\\({source}\\)"


PIECES = [
    *r"\{}^_&~ab1 []",
    *[r"\frac", r"\sqrt", r"\begin{matrix}", r"\end{matrix}", r"\\", r"\left", r"\alpha", r"\text", r"\hat"],
    "\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20))
def test_never_fails(pieces: list[str]) -> None:
    assert isinstance(to_unicode("".join(pieces), "$$"), str)
