"""Pantoum's own colours: ink on dark, ink on paper, and two more. Screens use only the variables that these define."""

from textual.theme import Theme

from tui.themes.ansi import ANSI
from tui.themes.contrast import CONTRAST

DARK = Theme(
    name="pantoum-dark",
    dark=True,
    primary="#d9a962",
    secondary="#7fb3a6",
    accent="#c98bb0",
    foreground="#d8d5cc",
    background="#14161a",
    surface="#1a1d22",
    panel="#23272e",
    success="#9dbb74",
    warning="#e0b067",
    error="#e0736c",
    variables={
        "border": "#d9a962",
        "border-blurred": "#383e48",
        "block-cursor-background": "#d9a962",
        "block-cursor-foreground": "#14161a",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#2c313a",
        "scrollbar": "#383e48",
        "scrollbar-hover": "#4a515d",
        "scrollbar-active": "#d9a962",
        "scrollbar-background": "#14161a",
        "scrollbar-background-hover": "#14161a",
        "scrollbar-background-active": "#14161a",
        "footer-background": "#1a1d22",
        "footer-key-foreground": "#d9a962",
        "input-selection-background": "#d9a962 30%",
    },
)

LIGHT = Theme(
    name="pantoum-light",
    dark=False,
    primary="#8c5a14",
    secondary="#2c6e62",
    accent="#93396b",
    foreground="#2b2925",
    background="#f8f5ee",
    surface="#f1ecdf",
    panel="#e6dfce",
    success="#4f7327",
    warning="#96640f",
    error="#b0352d",
    variables={
        "border": "#8c5a14",
        "border-blurred": "#cdc4b0",
        "block-cursor-background": "#8c5a14",
        "block-cursor-foreground": "#f8f5ee",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#ded5c0",
        "scrollbar": "#cdc4b0",
        "scrollbar-hover": "#b8ad94",
        "scrollbar-active": "#8c5a14",
        "scrollbar-background": "#f8f5ee",
        "scrollbar-background-hover": "#f8f5ee",
        "scrollbar-background-active": "#f8f5ee",
        "footer-background": "#f1ecdf",
        "footer-key-foreground": "#8c5a14",
        "input-selection-background": "#8c5a14 25%",
    },
)

THEMES = (DARK, LIGHT, CONTRAST, ANSI)
MEANINGS = {
    DARK.name: "Dark",
    LIGHT.name: "Light",
    CONTRAST.name: "High contrast",
    ANSI.name: "The terminal's own 16 colours",
}
