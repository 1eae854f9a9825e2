"""Names and values that break careless renderers."""

from __future__ import annotations

HOSTILE: tuple[str, ...] = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>", "'><b>", "javascript:alert(1)", "</style><script>alert(1)</script>", "<!--", "-->",
    "]]>", "<![CDATA[x", "&lt;script&gt;", "&amp;", "&#60;script&#62;", "{{ 7 * 7 }}", "{% for x in y %}", "${7*7}",
    "{{ config.__class__ }}", "<style>*{display:none}</style>", "<iframe srcdoc='<script>1</script>'>",
    "<a href='javascript:alert(1)'>x</a>", "[x](javascript:alert(1))", "![x](http://example.com/x.png)",
    "http://example.com/?q=<b>", "www.example.com", "a|b|c", "`code`", "**bold** _it_ ~~no~~", "# title", "- item",
    "1. item", "> quote", "---", "\\", "back\\slash|", "line\nbreak", "carriage\rreturn", "tab\there", "nul\x00byte",
    "bell\x07", "esc\x1b[31mred", "\u202eRTL override", "\u2066isolate", "שלום עולם", "مرحبا", "\ufeffbom",
    "zero\u200bwidth", "lone \ud800 surrogate", "x" * 10_000, "<" * 10_000, "e\u0301" * 50, "🧪👩‍🔬", "a × b", "",
    " ", "=cmd|' /C calc'!A0", "<table><tr><td>", "</table></div></main>",
)  # fmt: skip
