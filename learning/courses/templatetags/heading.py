"""Anchors of headings."""

from django import template
from django.utils.text import slugify

register = template.Library()


@register.simple_tag
def anchor(text: str) -> str:
    """`Память и повторение` → `память-и-повторение`; never empty."""
    return slugify(text, allow_unicode=True) or "section"
