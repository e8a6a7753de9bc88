"""The colours of charts, mails and pages, defined once. Sentiments are told apart by colour-blind people, too."""

ACCENT = "#0f766e"
ACCENT_SOFT = "#99d5cf"
ALARM = "#d55e00"
INK = "#1f2933"
MUTED = "#6b7280"
PALE = "#d1d5db"
BAND = "#e2e8f0"
PLANNED = "#c4b5d9"
PAPER = "#ffffff"

SENTIMENT = {"positive": "#0072b2", "neutral": "#9aa5b1", "negative": "#d55e00", "unsure": "#e5d5a8"}
CLICKS = {"filtered": ACCENT, "unique": "#5b8fb9", "raw": "#9aa5b1"}
HEADS = {"sentiment": ACCENT, "audience": "#5b8fb9", "side": "#9b6fb0"}
SEVERITY = {"low": "#52606d", "medium": "#0f766e", "high": "#b45309", "critical": "#b91c1c"}
