"""What the commands of LaTeX look like in Unicode."""

from typing import Final


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYMBOLS: Final = _pairs(
    """
    alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ
    lambda λ mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ
    varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ
    Omega Ω
    times × div ÷ pm ± mp ∓ cdot · ast ∗ star ⋆ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙
    wedge ∧ land ∧ vee ∨ lor ∨ neg ¬ lnot ¬ cap ∩ cup ∪ setminus ∖ sqcap ⊓ sqcup ⊔ uplus ⊎ amalg ⨿ dagger †
    leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ ll ≪ gg ≫ approx ≈ equiv ≡ sim ∼ simeq ≃ cong ≅ propto ∝ prec ≺ succ ≻
    preceq ⪯ succeq ⪰ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ nsubseteq ⊈ subsetneq ⊊ in ∈ ni ∋
    mid ∣ nmid ∤ parallel ∥ perp ⊥ vdash ⊢ dashv ⊣ models ⊨ vDash ⊨ asymp ≍ doteq ≐ leqslant ⩽ geqslant ⩾
    triangleq ≜ coloneqq ≔ bowtie ⋈ smile ⌣ frown ⌢
    leftarrow ← gets ← rightarrow → to → leftrightarrow ↔ Leftarrow ⇐ Rightarrow ⇒ Leftrightarrow ⇔ mapsto ↦
    longrightarrow ⟶ longleftarrow ⟵ Longrightarrow ⟹ Longleftarrow ⟸ implies ⟹ impliedby ⟸ iff ⟺
    longmapsto ⟼ uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓ nearrow ↗ searrow ↘ swarrow ↙
    nwarrow ↖ hookrightarrow ↪ hookleftarrow ↩ rightharpoonup ⇀ rightleftharpoons ⇌ leadsto ⇝
    xrightarrow → xleftarrow ←
    sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ bigcap ⋂ bigcup ⋃ bigoplus ⨁ bigotimes ⨂ bigwedge ⋀
    bigvee ⋁ partial ∂ nabla ∇ infty ∞ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ aleph ℵ hbar ℏ
    ell ℓ wp ℘ Re ℜ Im ℑ angle ∠ triangle △ square □ Box □ blacksquare ■ diamond ⋄ lozenge ◊ top ⊤ bot ⊥
    surd √ prime ′ degree ° therefore ∴ because ∵ checkmark ✓ clubsuit ♣ diamondsuit ♢ heartsuit ♡
    spadesuit ♠ imath ı jmath ȷ
    ldots … dots … dotsc … dotsb ⋯ cdots ⋯ vdots ⋮ ddots ⋱
    langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lbrace { rbrace } lbrack [ rbrack ] vert | lvert |
    rvert | Vert ‖ lVert ‖ rVert ‖ backslash \\
    """
)
"""Commands that are one character."""

SYMBOLS["notin"] = "∉"  # codespell:ignore notin
SYMBOLS["oint"] = "∮"  # codespell:ignore oint

SPACED: Final = _names(
    """
    leq le geq ge neq ne ll gg approx equiv sim simeq cong propto subset supset subseteq supseteq in
    to rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow mapsto longrightarrow implies
    impliedby iff times pm mp cap cup wedge vee land lor oplus otimes mid perp parallel models vdash
    coloneqq triangleq setminus div rightleftharpoons longmapsto Longrightarrow leqslant geqslant
    """
) | {"notin"}  # codespell:ignore notin
"""Relations and operators that get a space on both sides."""

FUNCTIONS: Final = _names(
    """
    arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log
    max min Pr sec sin sinh sup tan tanh mod bmod argmax argmin
    """
)

SPACES: Final = {
    ",": " ", ";": " ", ":": " ", ">": " ", " ": " ", "!": "", "quad": "  ", "qquad": "    ", "enspace": " ",
    "thinspace": " ",
}  # fmt: skip

ACCENTS: Final = {
    "hat": "\u0302", "widehat": "\u0302", "bar": "\u0304", "overline": "\u0305", "vec": "\u20d7",
    "dot": "\u0307", "ddot": "\u0308", "tilde": "\u0303", "widetilde": "\u0303", "check": "\u030c",
    "breve": "\u0306", "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a", "underline": "\u0332",
}  # fmt: skip

SUPERSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθιφχ′*∗∘ ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᶥᵠᵡ′**° ",
        strict=True,
    )
)
SUBSCRIPTS: Final = dict(
    zip(
        "0123456789+-−=()aehijklmnoprstuvxβγρφχ ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ ",
        strict=True,
    )
)


def _alphabet(upper: int, lower: int = 0, digits: int = 0, **irregular: str) -> dict[str, str]:
    table = {chr(65 + index): chr(upper + index) for index in range(26)}
    if lower:
        table.update({chr(97 + index): chr(lower + index) for index in range(26)})
    if digits:
        table.update({chr(48 + index): chr(digits + index) for index in range(10)})
    return {**table, **irregular}


ALPHABETS: Final = {
    "mathbb": _alphabet(0x1D538, 0x1D552, 0x1D7D8, C="ℂ", H="ℍ", N="ℕ", P="ℙ", Q="ℚ", R="ℝ", Z="ℤ"),
    "mathcal": _alphabet(0x1D49C, 0, 0, B="ℬ", E="ℰ", F="ℱ", H="ℋ", I="ℐ", L="ℒ", M="ℳ", R="ℛ"),
    "mathscr": _alphabet(0x1D49C, 0, 0, B="ℬ", E="ℰ", F="ℱ", H="ℋ", I="ℐ", L="ℒ", M="ℳ", R="ℛ"),
    "mathfrak": _alphabet(0x1D504, 0x1D51E, 0, C="ℭ", H="ℌ", I="ℑ", R="ℜ", Z="ℨ"),
    "mathbf": _alphabet(0x1D400, 0x1D41A, 0x1D7CE),
    "boldsymbol": _alphabet(0x1D400, 0x1D41A, 0x1D7CE),
    "bm": _alphabet(0x1D400, 0x1D41A, 0x1D7CE),
}

PLAIN: Final = _names(
    """
    text textrm textbf textit texttt textsf mathrm mathit mathsf mathtt mathnormal operatorname mbox hbox
    emph displaystyle textstyle scriptstyle boxed tag left right big Big bigg Bigg bigl bigr Bigl Bigr
    underbrace overbrace limits nolimits phantom ensuremath
    """
)
"""Commands of which only the argument shows."""

ENVIRONMENTS: Final = {
    "pmatrix": ("(", ")"), "bmatrix": ("[", "]"), "vmatrix": ("|", "|"), "Vmatrix": ("‖", "‖"),
    "Bmatrix": ("{", "}"), "matrix": ("", ""), "smallmatrix": ("", ""), "array": ("", ""), "cases": ("{", ""),
}  # fmt: skip
"""Environments of cells, with what stands around them."""
