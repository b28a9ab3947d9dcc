"""The terminal's own 16 colours on its own background, as the person has set them up."""

from textual.theme import Theme

_VARIABLES = {
    "border": "ansi_yellow",
    "border-blurred": "ansi_bright_black",
    "text-muted": "ansi_bright_black",
    "text-disabled": "ansi_bright_black",
    "block-cursor-background": "ansi_yellow",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-text-style": "bold",
    "block-cursor-blurred-background": "ansi_bright_black",
    "block-cursor-blurred-foreground": "ansi_bright_white",
    "input-cursor-background": "ansi_yellow",
    "input-cursor-foreground": "ansi_black",
    "input-cursor-text-style": "none",
    "input-selection-background": "ansi_blue",
    "input-selection-foreground": "ansi_bright_white",
    "screen-selection-background": "ansi_blue",
    "screen-selection-foreground": "ansi_bright_white",
    "scrollbar": "ansi_bright_black",
    "scrollbar-hover": "ansi_white",
    "scrollbar-active": "ansi_yellow",
    "scrollbar-background": "ansi_default",
    "scrollbar-background-hover": "ansi_default",
    "scrollbar-background-active": "ansi_default",
    "footer-background": "ansi_default",
    "footer-key-foreground": "ansi_yellow",
}

ANSI = Theme(
    name="pantoum-ansi",
    dark=True,
    ansi=True,
    primary="ansi_yellow",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    text_alpha=0.95,
    variables=_VARIABLES,
)
